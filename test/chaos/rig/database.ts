import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Layout } from '#lib/datadir';
import { persist } from './persist.ts';

/** How the round's own questions show in PostgreSQL: those sessions are not cut. */
const NAME = 'chaos';
const QUERY_MS = 20_000;

/** The conductor's database, as its own role sees it, through any number of restarts of PostgreSQL. */
export class Database implements AsyncDisposable {
  readonly #url: string;
  readonly #patienceMs: number;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(layout: Layout, patienceMs: number) {
    this.#url = readFileSync(join(layout.identities, 'rig_conductor.url'), 'utf8').trim();
    this.#patienceMs = patienceMs;
  }

  /** Rows of a statement that changes nothing; asked again until PostgreSQL answers. One at a time. */
  rows<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const asked = this.#last.then(() => persist(() => this.#query<T>(sql, values), this.#patienceMs));
    this.#last = asked.catch(() => {});
    return asked;
  }

  /** Ends every session of the conductor's role but the round's own, whatever it is in the middle of; how many there were. */
  async cutSessions(): Promise<number> {
    const rows = await this.rows<{ pid: number }>(
      `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
       WHERE usename = current_user AND pid <> pg_backend_pid() AND application_name <> $1`,
      [NAME],
    );
    return rows.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#client?.end().catch(() => {});
  }

  async #query<T extends object>(sql: string, values: readonly unknown[]): Promise<T[]> {
    this.#client ??= await this.#connect();
    const client = this.#client;
    try {
      return (await client.query<T>(sql, [...values])).rows;
    } catch (error) {
      this.#client = undefined;
      client.end().catch(() => {});
      throw error;
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: NAME,
      query_timeout: QUERY_MS,
      connectionTimeoutMillis: QUERY_MS,
    });
    // A server that dies tells its clients out of turn.
    client.on('error', () => {});
    await client.connect();
    return client;
  }
}
