import type { Database, Session } from './database.ts';

const LOCK_KEY = "hashtextextended('rig effect ' || $1, 0)";

/**
 * The right to work on one key, held by a database session and gone with it, whatever becomes of the process. It is no row
 * lock: a transaction kept open while the other side answers would hold back every tail for as long.
 */
export interface EffectLock {
  /** Gives the right and the session back. Never throws. */
  release(): Promise<void>;
}

/** Takes the key's lock, or returns undefined at once when another session has it. */
export async function tryLock(db: Database, key: string): Promise<EffectLock | undefined> {
  const session = await db.connect();
  try {
    const { rows } = await session.query(`SELECT pg_try_advisory_lock(${LOCK_KEY}) AS mine`, [key]);
    if (rows[0].mine) return { release: () => unlock(session, key) };
  } catch (error) {
    session.release(true);
    throw error;
  }
  session.release();
  return undefined;
}

async function unlock(session: Session, key: string): Promise<void> {
  try {
    const { rows } = await session.query(`SELECT pg_advisory_unlock(${LOCK_KEY}) AS held`, [key]);
    session.release(!rows[0].held);
  } catch {
    session.release(true);
  }
}

/** Ends the session that holds the key's lock: that of a leader who has been replaced and may be frozen. */
export async function evictHolder(db: Database, key: string): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks, (SELECT ${LOCK_KEY} AS k) AS wanted
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND classid::bigint = (k >> 32) & 4294967295 AND objid::bigint = k & 4294967295`,
    [key],
  );
}
