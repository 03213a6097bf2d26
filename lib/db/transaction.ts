import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DbError, isUnavailable, sqlState } from './errors.ts';

/** What reads and writes may run on: a pool, a client, or a running transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

/** A running transaction. It is of no use after `fn` has settled. */
export interface Tx extends Queryable {
  /** Runs `fn` once the transaction has committed, never after a rollback. It must not throw. */
  afterCommit(fn: () => void): void;
}

export interface TransactionOptions {
  /** Default `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Tries at most, counting the first; default 10. */
  readonly attempts?: number;
  /** Waits between tries; the default really waits. For tests. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const RETRIED = new Set(['40001', '40P01']);

/**
 * Runs `fn` in a transaction and returns its value once that is committed. A serialization failure or deadlock (40001, 40P01)
 * rolls back and runs `fn` again after a random wait, so `fn` may only touch the database. Any other error rolls back and is
 * thrown as it is. Throws `RolledBack` when `fn` swallowed a failed statement, `CommitUnknown` when the connection broke
 * during COMMIT: then read back what you wrote.
 */
export async function transaction<T>(
  pool: pg.Pool,
  fn: (tx: Tx) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const attempts = options.attempts ?? 10;
  const sleep = options.sleep ?? delay;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(pool, fn, options.isolation ?? 'read committed');
    } catch (error) {
      if (!RETRIED.has(sqlState(error) ?? '') || attempt >= attempts) throw error;
      await sleep(Math.random() * Math.min(5 * 2 ** attempt, 200));
    }
  }
}

async function runOnce<T>(pool: pg.Pool, fn: (tx: Tx) => Promise<T>, isolation: string): Promise<T> {
  const client = await pool.connect();
  const committed: (() => void)[] = [];
  let broken: Error | boolean = false;
  try {
    // Goes out together with the first statement, which nothing may follow where this fails: both are of one session.
    const begun = client.query(`BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`);
    begun.catch(() => {});
    const tx: Tx = { query: client.query.bind(client), afterCommit: (call) => void committed.push(call) };
    const value = await fn(tx);
    await begun;
    await commit(client);
    for (const call of committed) call();
    return value;
  } catch (error) {
    // A lost session has rolled back by itself, and a silent server would not answer ROLLBACK either.
    const lost = isUnavailable(error) || (error instanceof DbError && error.code === 'CommitUnknown');
    broken = lost || (await rollback(client));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  let tag: string;
  try {
    tag = (await client.query('COMMIT')).command;
  } catch (cause) {
    if (!isUnavailable(cause)) throw cause;
    throw new DbError(
      'CommitUnknown',
      'The connection broke during COMMIT: the transaction may or may not have taken effect.',
      { cause },
    );
  }
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
  if (tag !== 'COMMIT')
    throw new DbError(
      'RolledBack',
      'The transaction was rolled back: a statement in it had failed and its error was not passed on.',
    );
}

/** True when the connection must not be used again. */
async function rollback(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return false;
  } catch {
    return true;
  }
}
