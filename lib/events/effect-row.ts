import { type Queryable, toJsonb } from './database.ts';

/** A write to the outside, as the table holds it. */
export interface EffectRow<R = unknown, O = unknown> {
  readonly key: string;
  readonly kind: string;
  readonly subject: string;
  readonly epoch: number;
  readonly request: R;
  /** `started` with nobody at work on it: it is unknown whether it took place. */
  readonly state: 'planned' | 'started' | 'succeeded' | 'failed';
  /** How often it was begun. */
  readonly attempt: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly outcome: O | null;
  readonly reason: string | null;
}

/** What is asked for; `request` must be JSON. */
export interface EffectRequest<R> {
  /** Unique for this one write, for good. */
  readonly key: string;
  readonly kind: string;
  /** What it is done to: a subject's id, or a name. */
  readonly subject: string;
  /** The caller's epoch of leadership. */
  readonly epoch: number;
  readonly request: R;
}

const COLUMNS = `key, kind, subject, epoch, request, state, attempt, created_at AS "createdAt",
  started_at AS "startedAt", finished_at AS "finishedAt", outcome, reason`;
const IS_LEADER = 'EXISTS (SELECT FROM leadership WHERE epoch = $2)';

/** The row of the key, made when it is new: as one whose outcome is unknown where it may have been done since `doubt`, and the row been lost. */
export async function ensureEffect<R, O>(
  db: Queryable,
  effect: EffectRequest<R>,
  now: Date,
  doubt: Date | null = null,
): Promise<EffectRow<R, O>> {
  await db.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at, started_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      effect.key,
      effect.kind,
      effect.subject,
      effect.epoch,
      toJsonb(effect.request),
      doubt === null ? 'planned' : 'started',
      doubt ?? now,
      doubt,
    ],
  );
  return (await readEffect<R, O>(db, effect.key))!;
}

/** The row of a key, or undefined: what has become of a write. */
export async function readEffect<R, O>(db: Queryable, key: string): Promise<EffectRow<R, O> | undefined> {
  const { rows } = await db.query<EffectRow<R, O>>(`SELECT ${COLUMNS} FROM effects WHERE key = $1`, [key]);
  return rows[0];
}

/** Everything that was begun or planned and has no outcome, oldest first. */
export async function openEffects(db: Queryable, limit = 1_000): Promise<EffectRow[]> {
  const { rows } = await db.query<EffectRow>(
    `SELECT ${COLUMNS} FROM effects WHERE state IN ('planned', 'started') ORDER BY created_at LIMIT $1`,
    [limit],
  );
  return rows;
}

/** Marks an open effect as the concern of a newer epoch, so that it is not taken from who works on it now. */
export async function adoptEffect(db: Queryable, key: string, epoch: number): Promise<void> {
  await db.query("UPDATE effects SET epoch = $2 WHERE key = $1 AND epoch < $2 AND state IN ('planned', 'started')", [
    key,
    epoch,
  ]);
}

/**
 * Marks the next attempt as begun, if the row is still as it was read and the epoch is the leader's. Committed when it
 * returns: from here on it counts as possibly done. False: read the row and the epoch again.
 */
export async function beginAttempt(db: Queryable, row: EffectRow, epoch: number, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE effects SET state = 'started', attempt = attempt + 1, epoch = $2, started_at = $4
     WHERE key = $1 AND attempt = $3 AND state IN ('planned', 'started') AND ${IS_LEADER}`,
    [row.key, epoch, row.attempt, now],
  );
  return rowCount === 1;
}

export type Ending =
  | { readonly state: 'succeeded'; readonly outcome: unknown }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'planned' };

/** Stores how an attempt ended, unless a later attempt or another process has dealt with it; false then. */
export async function endAttempt(
  db: Queryable,
  key: string,
  attempt: number,
  ending: Ending,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE effects SET state = $3, outcome = $4, reason = $5, finished_at = CASE WHEN $3 = 'planned' THEN NULL ELSE $6::timestamptz END
     WHERE key = $1 AND attempt = $2 AND state = 'started'`,
    [
      key,
      attempt,
      ending.state,
      ending.state === 'succeeded' ? toJsonb(ending.outcome) : null,
      ending.state === 'failed' ? ending.reason.replaceAll('\0', '') : null,
      now,
    ],
  );
  return rowCount === 1;
}
