import type pg from 'pg';

/** What reads run on: a pool, a client, a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

/** A running transaction that tells when it has committed. */
export interface Transaction extends Queryable {
  afterCommit(fn: () => void): void;
}

/**
 * What this folder asks of a database, which `createPool` of lib/db gives: statements time out, `bigint` arrives as a number and
 * `xid8` as a BigInt, `transaction` runs again after a serialization failure or deadlock, unqualified tables are ours.
 */
export interface Database extends Queryable {
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A session for as long as it is wanted; `release(true)` closes it. */
  connect(): Promise<Session>;
}

export interface Session extends Queryable {
  release(destroy?: boolean): void;
}

export function isTransaction(on: Queryable): on is Transaction {
  return 'afterCommit' in on;
}

/**
 * JSON text that PostgreSQL's jsonb takes whatever strings are in it: it refuses NUL and unpaired surrogates, which a hostile
 * title may hold, so both are replaced by U+FFFD.
 */
export function toJsonb(value: unknown): string {
  const clean = (_key: string, item: unknown): unknown =>
    typeof item === 'string' ? item.toWellFormed().replaceAll('\0', '\uFFFD') : item;
  return JSON.stringify(value ?? null, clean);
}
