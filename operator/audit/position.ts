import type { Queryable } from '#lib/db';

/** How far a database has come. All of it is committed data, so that a crash of PostgreSQL never takes it back; a restore does. */
export interface Position {
  /** PostgreSQL's own id of the cluster: another one is another database, whatever is in it. */
  readonly system: string;
  /** Of leadership. */
  readonly epoch: number;
  /** The highest sequence of a fence that was given to a task. */
  readonly fence: number;
  /** The newest transaction that appended to the log. */
  readonly txid: bigint;
}

/** Where the database of this connection stands now. */
export async function readPosition(db: Queryable): Promise<Position> {
  const { rows } = await db.query(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system,
       (SELECT epoch FROM leadership) AS epoch,
       (SELECT sequence FROM tasks ORDER BY sequence DESC LIMIT 1) AS fence,
       (SELECT txid FROM events ORDER BY txid DESC, pos DESC LIMIT 1) AS txid`,
  );
  const { system, epoch, fence, txid } = rows[0];
  return { system, epoch: Number(epoch), fence: Number(fence ?? 0), txid: BigInt(txid ?? 0) };
}

/** In which ways a database is behind what was seen of it before, each a part of a sentence; none where it is not. */
export function shortfall(found: Position, mark: Position): string[] {
  const short: string[] = [];
  if (found.system !== mark.system)
    short.push(`it is the PostgreSQL system ${found.system}, and what was done is in ${mark.system}`);
  if (found.epoch < mark.epoch) short.push(`its epoch is ${found.epoch}, and ${mark.epoch} has led already`);
  if (found.fence < mark.fence) short.push(`its last fence is ${found.fence}, and ${mark.fence} was given already`);
  // Transaction ids of two systems cannot be compared.
  if (found.system === mark.system && found.txid < mark.txid)
    short.push(`its log ends at transaction ${found.txid}, and ${mark.txid} was written already`);
  return short;
}

/** The farther of two in everything, of the later one's system: a mark never goes back. */
export function farther(one: Position, later: Position): Position {
  return {
    system: later.system,
    epoch: Math.max(one.epoch, later.epoch),
    fence: Math.max(one.fence, later.fence),
    txid: one.system !== later.system || later.txid > one.txid ? later.txid : one.txid,
  };
}

/** Before the newest event that is there: clocks differ, and what is looked for may have been under way. */
const SLACK_MS = 600_000;

/**
 * Since when (ms since the epoch) a database that is behind may not know what was done: ten minutes before its newest event of the time up to
 * `stood`, when the mark was last written or the database last seen not to be behind. What an old database was given since then is no part of
 * what it remembers. 0 where nothing is older.
 */
export async function readLostSince(db: Queryable, stood: number): Promise<number> {
  const { rows } = await db.query('SELECT at FROM events WHERE at <= $1 ORDER BY txid DESC, pos DESC LIMIT 1', [
    new Date(stood),
  ]);
  return rows[0] === undefined ? 0 : rows[0].at.getTime() - SLACK_MS;
}
