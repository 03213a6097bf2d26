import type pg from 'pg';
import type { History, LedgerSubject, StoredEvent } from '#domain';
import type { Pool } from '#lib/db';
import type { Cursor, EventStore } from '#lib/events';
import type { SubjectName } from '../../store/project.ts';
import type { Difference, Row } from './difference.ts';

/** A subject, and the uid of the object that stands for it at present. */
export interface Known extends SubjectName {
  readonly uid: string | null;
}

/** An event, and where it lies in the whole log. */
export type PlacedEvent = StoredEvent & Cursor;

/** The trust ledger's tables at one moment. */
export interface LiveLedger {
  /** As far as it has read; null where it never did. */
  readonly cursor: Cursor | null;
  readonly lines: readonly Row[];
  readonly kept: readonly { stream: string; namespace: string; issue: string; history: History }[];
}

const PAGE = 2_000;

/** One moment of the database, read in a transaction that writes nothing and names no transaction id: nobody waits for it. */
export class Moment {
  readonly #client: pg.PoolClient;

  private constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  static async open(pool: Pool): Promise<Moment> {
    const client = await pool.connect();
    await client.query('SET idle_in_transaction_session_timeout = 0');
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return new Moment(client);
  }

  async rows(table: 'claims' | 'tasks' | 'queue'): Promise<Row[]> {
    return (await this.#client.query(`SELECT * FROM ${table}`)).rows;
  }

  async subjects(): Promise<Map<string, Known>> {
    const { rows } = await this.#client.query("SELECT id, namespace, name, uid FROM subjects WHERE kind = 'Issue'");
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** The trust ledger as it is, with how far it has read the log, and what it keeps of issues whose events are gone. */
  async ledger(): Promise<LiveLedger> {
    const tail = await this.#client.query("SELECT txid, pos FROM tails WHERE name = 'ledger'");
    const lines = await this.#client.query(
      `SELECT l.*, d.due_at FROM ledger l LEFT JOIN ledger_due d USING (agent_uid, task_class)`,
    );
    const kept = await this.#client.query(
      'SELECT stream, namespace, issue, history FROM ledger_issues i WHERE NOT EXISTS (SELECT FROM events e WHERE e.stream = i.stream)',
    );
    return { cursor: tail.rows[0] ?? null, lines: lines.rows, kept: kept.rows };
  }

  /** What each stream is about, whatever its kind. */
  async kinds(): Promise<Map<string, LedgerSubject>> {
    const { rows } = await this.#client.query('SELECT id, kind, namespace, name, uid FROM subjects');
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Every stream whole, one after the other. Throws for an event that this release cannot read. */
  async *streams(store: EventStore): AsyncGenerator<{ stream: string; events: PlacedEvent[] }> {
    let open = { stream: '', events: [] as PlacedEvent[] };
    for await (const row of this.#events()) {
      if (!store.reads(row.type, row.schema))
        throw new Error(
          `Stream ${row.stream} holds ${row.type} in schema ${row.schema}, which this release cannot read: use the newer one.`,
        );
      if (open.stream !== row.stream) {
        if (open.stream !== '') yield open;
        open = { stream: row.stream, events: [] };
      }
      const { type, data, version, txid, pos } = row;
      open.events.push({ type, data, version, at: row.at.getTime(), txid, pos } as PlacedEvent);
    }
    if (open.stream !== '') yield open;
  }

  async *#events() {
    let after: [string, number] = ['00000000-0000-0000-0000-000000000000', 0];
    for (;;) {
      const { rows } = await this.#client.query(
        `SELECT stream, version, type, schema, data, at, txid, pos FROM events WHERE (stream, version) > ($1::uuid, $2::int)
         ORDER BY stream, version LIMIT ${PAGE}`,
        after,
      );
      yield* rows;
      if (rows.length < PAGE) return;
      const last = rows.at(-1);
      after = [last.stream, last.version];
    }
  }

  close(): void {
    this.#client.release(true);
  }
}

/** Versions that a stream misses. Pure. */
export function gaps(stream: string, events: readonly StoredEvent[]): Difference[] {
  return events.flatMap(({ version }, index) => {
    const expected = (events[index - 1]?.version ?? 0) + 1;
    return version === expected
      ? []
      : [{ where: 'events', what: stream, field: 'version', live: version, replayed: expected }];
  });
}
