import type { Queryable } from './database.ts';
import { EVENT_COLUMNS, type EventRow } from './rows.ts';

/** A stream that a tail left behind: `version` is the first event it has not applied. */
export interface Stall {
  readonly stream: string;
  readonly version: number;
  readonly reason: 'NewerEvent' | 'VersionGap';
  readonly type: string;
  readonly schema: number;
  readonly since: Date;
}

export async function listStalls(db: Queryable, tail: string): Promise<Stall[]> {
  const { rows } = await db.query<Stall>(
    'SELECT stream, version, reason, type, schema, since FROM tail_stalls WHERE tail = $1 ORDER BY since, stream',
    [tail],
  );
  return rows;
}

export async function stalledStreams(db: Queryable, tail: string): Promise<Set<string>> {
  const { rows } = await db.query<{ stream: string }>('SELECT stream FROM tail_stalls WHERE tail = $1', [tail]);
  return new Set(rows.map(({ stream }) => stream));
}

export async function saveStall(db: Queryable, tail: string, row: EventRow, reason: Stall['reason']): Promise<void> {
  await db.query(
    'INSERT INTO tail_stalls (tail, stream, version, reason, type, schema) VALUES ($1, $2, $3, $4, $5, $6)',
    [tail, row.stream, row.version, reason, row.type, row.schema],
  );
}

export async function dropStall(db: Queryable, tail: string, stream: string): Promise<void> {
  await db.query('DELETE FROM tail_stalls WHERE tail = $1 AND stream = $2', [tail, stream]);
}

/**
 * What the tail has passed over in a stalled stream: from the stall up to its cursor, which stays locked until the transaction
 * ends. Undefined when the stall is gone, or the version before it is still missing.
 */
export async function readStalled(tx: Queryable, tail: string, stream: string): Promise<EventRow[] | undefined> {
  await tx.query('SELECT FROM tails WHERE name = $1 FOR UPDATE', [tail]);
  const stall = (await listStalls(tx, tail)).find((candidate) => candidate.stream === stream);
  if (stall === undefined || !(await hasPredecessor(tx, stall))) return undefined;
  const { rows } = await tx.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events
     WHERE stream = $2 AND version >= $3 AND (txid, pos) <= (SELECT txid, pos FROM tails WHERE name = $1) ORDER BY version`,
    [tail, stream, stall.version],
  );
  return rows;
}

async function hasPredecessor(tx: Queryable, { stream, version }: Stall): Promise<boolean> {
  if (version === 1) return true;
  const { rowCount } = await tx.query('SELECT FROM events WHERE stream = $1 AND version = $2', [stream, version - 1]);
  return rowCount !== 0;
}
