export { DbError, type DbErrorCode, isUnavailable, isUniqueViolation, sqlState } from './errors.ts';
export { Listener, type ListenerOptions } from './listener.ts';
export { type MigrateOptions, migrate } from './migrate.ts';
export { createPool, Pool, type PoolOptions } from './pool.ts';
export { type Queryable, type TransactionOptions, type Tx, transaction } from './transaction.ts';
