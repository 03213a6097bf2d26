import type pg from 'pg';
import type { StoredEvent } from '#domain';
import type { Pool, Tx } from '#lib/db';
import { projectAll, type SubjectName } from '../../store/project.ts';
import { comparisons } from './columns.ts';
import type { Row } from './difference.ts';

/**
 * Projections of its own, empty at first and gone with its session: temporary tables, which stand before the live ones on the search path
 * of this one session. What is written to them is in short transactions, so that no tail of the log is held back.
 */
export class Scratch {
  readonly #client: pg.PoolClient;
  readonly #taskDeadlineMs: number;

  private constructor(client: pg.PoolClient, taskDeadlineMs: number) {
    this.#client = client;
    this.#taskDeadlineMs = taskDeadlineMs;
  }

  static async open(pool: Pool, taskDeadlineMs: number): Promise<Scratch> {
    const client = await pool.connect();
    await client.query('SET synchronous_commit = off');
    for (const table of [...comparisons.map((one) => one.table), 'queue', 'attempts'])
      await client.query(`CREATE TEMPORARY TABLE ${table} (LIKE ${table} INCLUDING ALL)`);
    return new Scratch(client, taskDeadlineMs);
  }

  /** Projects what one stream tells, as the append did. */
  async project(subject: SubjectName, events: readonly StoredEvent[]): Promise<void> {
    const tx: Tx = { query: this.#client.query.bind(this.#client), afterCommit: () => {} };
    await this.#client.query('BEGIN');
    await projectAll(tx, subject, events, this.#taskDeadlineMs);
    await this.#client.query('COMMIT');
  }

  async rows(table: 'claims' | 'tasks'): Promise<Row[]> {
    return (await this.#client.query(`SELECT * FROM pg_temp.${table}`)).rows;
  }

  /** Closes the session, and with it all it made. */
  close(): void {
    this.#client.release(true);
  }
}
