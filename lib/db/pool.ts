import pg from 'pg';
import { type Logger, silentLogger } from '#lib/observe';
import { requireIdentifier } from './identifier.ts';
import { typeParsers } from './parsers.ts';
import { GatheringSocket } from './socket.ts';
import { type TransactionOptions, type Tx, transaction } from './transaction.ts';

/** A connection on which nothing came for so long is probed: the system's own default lets a dead one live for two hours. */
export const KEEP_ALIVE_MS = 10_000;

export interface PoolOptions {
  /** Shown in pg_stat_activity; the program's name. */
  readonly applicationName: string;
  /** Connections at most; default 10. */
  readonly max?: number;
  /** The schema unqualified names mean; default the server's own search path. */
  readonly schema?: string;
  /** A statement is cancelled (57014) after this many ms; default 5,000. */
  readonly statementTimeoutMs?: number;
  /** A query without an answer after this many ms fails and costs its connection: the server is silent; default 5,000 over `statementTimeoutMs`. */
  readonly answerTimeoutMs?: number;
  /** A session that idles in an open transaction is ended after this many ms; default 2,000: an open write holds back every tail. */
  readonly idleInTransactionMs?: number;
  readonly logger?: Logger;
}

/** A `pg` pool that can also run transactions, for libraries that take a database by its shape. */
export class Pool extends pg.Pool {
  /** The same as {@link transaction} with this pool. */
  transaction<T>(fn: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return transaction(this, fn, options);
  }
}

/**
 * A pool of connections; none is opened before the first query. A connection that fails while idle, or is ended by the server
 * while in use, is logged and replaced and never ends the process. End it with `pool.end()`.
 */
export function createPool(url: string, options: PoolOptions): Pool {
  const logger = options.logger ?? silentLogger;
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  const pool = new Pool({
    connectionString: url,
    application_name: options.applicationName,
    max: options.max ?? 10,
    statement_timeout: statementTimeoutMs,
    query_timeout: options.answerTimeoutMs ?? statementTimeoutMs + 5_000,
    idle_in_transaction_session_timeout: options.idleInTransactionMs ?? 2_000,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    pipeline: true,
    stream: () => new GatheringSocket(),
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: typeParsers,
    ...(options.schema === undefined ? {} : { options: `-c search_path=${requireIdentifier(options.schema)}` }),
  });
  pool.on('error', (err) => logger.warn({ err }, 'a database connection failed'));
  // A checked-out client has no listener of the pool's: without one, a session ended by the server would end the process.
  pool.on('connect', (client) => client.on('error', (err) => logger.debug({ err }, 'a database session ended')));
  return pool;
}
