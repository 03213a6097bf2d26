import type { Queryable } from './database.ts';
import { missingPredecessors, orderStreams, type Placed, type Predecessor, planBatch } from './order.ts';
import { EVENT_COLUMNS, type EventRow } from './rows.ts';
import type { Cursor } from './types.ts';

export interface Batch {
  /** In the order of the log, every stream in the order of its versions. */
  readonly rows: readonly EventRow[];
  /** The place to go on from once all of `rows` are dealt with; the old one when there is nothing to take. */
  readonly cursor: Cursor;
  /** Streams that miss a version, with the first version behind the hole. */
  readonly gaps: ReadonlyMap<string, number>;
}

// Below the oldest running transaction nothing can appear any more: a tail that stays below it misses nothing.
const SETTLED = 'txid < pg_snapshot_xmin(pg_current_snapshot())';

/**
 * Reads the settled part of the log after `cursor`: about `limit` events, more where a stream's order needs it, fewer or
 * none where it has to wait for a transaction that is still running.
 */
export async function readBatch(db: Queryable, cursor: Cursor, limit: number): Promise<Batch> {
  const rows = await readAfter(db, cursor, limit);
  for (;;) {
    const plan = planBatch(rows, await findPredecessors(db, rows), cursor);
    if (plan.step === 'take') {
      const taken = rows.slice(0, plan.length);
      return { rows: orderStreams(taken), cursor: taken.at(-1) ?? cursor, gaps: plan.gaps };
    }
    rows.push(...(await readUpTo(db, rows.at(-1)!, plan.to)));
  }
}

/** Whether there is something after `cursor` that is committed and not settled: a transaction that began before still runs. */
export async function isUnsettled(db: Queryable, cursor: Cursor): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT FROM events WHERE (txid, pos) > ($1::xid8, $2) AND NOT ${SETTLED} LIMIT 1`,
    [String(cursor.txid), cursor.pos],
  );
  return rowCount !== 0;
}

async function readAfter(db: Queryable, cursor: Cursor, limit: number): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE (txid, pos) > ($1::xid8, $2) AND ${SETTLED} ORDER BY txid, pos LIMIT $3`,
    [String(cursor.txid), cursor.pos, limit],
  );
  return rows;
}

async function readUpTo(db: Queryable, after: Cursor, to: Cursor): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events
     WHERE (txid, pos) > ($1::xid8, $2) AND (txid, pos) <= ($3::xid8, $4) ORDER BY txid, pos`,
    [String(after.txid), after.pos, String(to.txid), to.pos],
  );
  return rows;
}

async function findPredecessors(db: Queryable, batch: readonly Placed[]): Promise<Predecessor[]> {
  const missing = missingPredecessors(batch);
  if (missing.length === 0) return [];
  const { rows } = await db.query<Predecessor>(
    `SELECT stream, version, txid, pos, ${SETTLED} AS settled
     FROM events JOIN unnest($1::uuid[], $2::int[]) AS wanted (stream, version) USING (stream, version)`,
    [missing.map(({ stream }) => stream), missing.map(({ version }) => version)],
  );
  return rows;
}
