import { type Metrics, noMetrics } from '#lib/observe';
import { readBatch } from './batch.ts';
import type { Clock } from './clock.ts';
import { type Database, isTransaction, type Queryable, type Transaction, toJsonb } from './database.ts';
import { EventsError, isEventsError } from './errors.ts';
import { Notifier } from './notifier.ts';
import { type EventTypes, Registry } from './registry.ts';
import { EVENT_COLUMNS, type EventRow, toEvent } from './rows.ts';
import type { Cursor, EventBody, NewEvent, StoredEvent } from './types.ts';

/** The channel on which every process that appends tells the others. */
export const EVENTS_CHANNEL = 'rig_events';

const APPEND = `
  INSERT INTO events (stream, version, type, schema, data, meta)
  SELECT $1, $2 + n, type, schema, data, meta
  FROM unnest($3::text[], $4::smallint[], $5::jsonb[], $6::jsonb[]) WITH ORDINALITY AS e (type, schema, data, meta, n)
  WHERE CASE WHEN $2::int > 0 THEN EXISTS (SELECT FROM events WHERE stream = $1 AND version = $2)
    ELSE NOT $7 OR EXISTS (SELECT FROM subjects WHERE id = $1) END
  ORDER BY n
  RETURNING ${EVENT_COLUMNS}`;

export interface EventStoreOptions {
  readonly db: Database;
  /** Every event type, with the schema of its data. */
  readonly types: EventTypes;
  readonly clock?: Clock;
  /** Where appends are counted and timed. Default none. */
  readonly metrics?: Metrics;
}

/** The log: streams of events, each appended under the version its writer has seen. `E` is the union of all events. */
export class EventStore<E extends EventBody = EventBody> {
  readonly db: Database;
  readonly #registry: Registry;
  readonly #notifier: Notifier;
  readonly #metrics: Metrics;
  readonly #listeners = new Set<() => void>();

  constructor(options: EventStoreOptions) {
    this.db = options.db;
    this.#registry = new Registry(options.types);
    this.#metrics = options.metrics ?? noMetrics;
    this.#notifier = new Notifier(options.db, EVENTS_CHANNEL, options.clock);
  }

  /**
   * Appends to `stream`, whose last version must be `expectedVersion` (0: a new stream), all events or none, and returns them as
   * stored. On a pool it is durable when it returns; in a transaction when that commits. Nobody waits for anybody else.
   *
   * Throws `Concurrency` when another writer was first, which ends a surrounding transaction; `InvalidEvent` before anything
   * is written; `SubjectMissing` where the stream is new, `named`, and the name of no subject that the database remembers. NUL and
   * unpaired surrogates in strings are stored as U+FFFD.
   */
  async append(
    on: Queryable | Transaction,
    stream: string,
    expectedVersion: number,
    events: readonly NewEvent<E>[],
    { named = false }: { named?: boolean } = {},
  ): Promise<StoredEvent<E>[]> {
    if (events.length === 0) return [];
    const schemas = events.map((event) => this.#registry.check(event));
    const started = performance.now();
    const rows = await this.#insert(on, { stream, version: expectedVersion, named }, events, schemas).catch(
      (error: unknown) => {
        if (isEventsError(error, 'Concurrency')) this.#metrics.count('rig_event_conflicts_total', {});
        throw error;
      },
    );
    this.#metrics.observe('rig_event_append_seconds', {}, (performance.now() - started) / 1_000);
    for (const { type } of events) this.#metrics.count('rig_events_total', { type });
    if (isTransaction(on)) on.afterCommit(() => this.#committed());
    else this.#committed();
    return rows.map((row) => toEvent<E>(row)).sort((a, b) => a.version - b.version);
  }

  /**
   * One stream in order: versions after `after` (default 0), at most `limit`. Throws `NewerEvent` at an event this release cannot read.
   */
  async read(
    stream: string,
    options: { after?: number; limit?: number; on?: Queryable } = {},
  ): Promise<StoredEvent<E>[]> {
    const { rows } = await (options.on ?? this.db).query<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`,
      [stream, options.after ?? 0, options.limit ?? null],
    );
    return rows.map((row) => this.#decode(row));
  }

  /** {@link read} of many streams at once, the whole of what each has behind its `after`: in the order of what is asked. */
  async readEach(
    asked: readonly { readonly stream: string; readonly after: number }[],
    on: Queryable = this.db,
  ): Promise<StoredEvent<E>[][]> {
    const { rows } = await on.query<EventRow & { n: string }>(
      `SELECT n, newer.* FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS asked (id, after, n), LATERAL (
         SELECT ${EVENT_COLUMNS} FROM events WHERE events.stream = asked.id AND events.version > asked.after) AS newer
       ORDER BY n, version`,
      [asked.map(({ stream }) => stream), asked.map(({ after }) => after)],
    );
    const each: StoredEvent<E>[][] = asked.map(() => []);
    for (const { n, ...row } of rows) each[Number(n) - 1]!.push(this.#decode(row));
    return each;
  }

  /**
   * The whole log from a cursor on, as a tail sees it: nothing is missed, each stream in order. Scans about `limit` events and
   * returns those of `types` (default all); go on from the returned cursor, `end` says that there was nothing more. Throws `NewerEvent`, `VersionGap`.
   */
  async readAll(options: {
    afterCursor: Cursor;
    limit: number;
    types?: readonly E['type'][];
  }): Promise<{ events: StoredEvent<E>[]; cursor: Cursor; end: boolean }> {
    const { rows, cursor, gaps } = await readBatch(this.db, options.afterCursor, options.limit);
    for (const [stream, version] of gaps)
      throw new EventsError(
        'VersionGap',
        `Stream ${stream} has version ${version} but not the one before: the log is damaged; restore it from a backup.`,
      );
    const wanted = options.types === undefined ? undefined : new Set<string>(options.types);
    const events = rows.filter(({ type }) => wanted?.has(type) ?? true).map((row) => this.#decode(row));
    return { events, cursor, end: rows.length === 0 };
  }

  /** The version of the last event; 0 for a stream that has none. */
  async version(stream: string, on: Queryable = this.db): Promise<number> {
    const { rows } = await on.query('SELECT coalesce(max(version), 0) AS version FROM events WHERE stream = $1', [
      stream,
    ]);
    return rows[0].version;
  }

  /** True when this release can read events of this type and schema. */
  reads(type: string, schema: number): boolean {
    return this.#registry.reads(type, schema);
  }

  /** Calls `fn` after each append of this process that has committed, until the returned function is called. */
  onAppended(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  /** Resolves when other processes have been told of everything appended so far: call it before ending the pool. */
  async idle(): Promise<void> {
    await this.#notifier.idle();
  }

  async #insert(
    on: Queryable,
    { stream, version, named }: { stream: string; version: number; named: boolean },
    events: readonly NewEvent<E>[],
    schemas: number[],
  ): Promise<EventRow[]> {
    const values = [
      stream,
      version,
      events.map(({ type }) => type),
      schemas,
      events.map(({ data }) => toJsonb(data)),
      events.map(({ meta }) => toJsonb(meta)),
      named,
    ];
    const refused = `Stream ${stream} is not at version ${version}: another writer was first.`;
    const { rows } = await on
      .query<EventRow>({ name: 'append', text: APPEND, values })
      .catch((cause: { code?: string; constraint?: string }) => {
        const taken = cause.code === '23505' && cause.constraint === 'events_stream_version';
        throw taken ? new EventsError('Concurrency', refused, { cause }) : cause;
      });
    if (rows.length > 0) return rows;
    if (version > 0) throw new EventsError('Concurrency', refused);
    throw new EventsError('SubjectMissing', `No subject has the stream ${stream}: look for the subject again.`);
  }

  #decode(row: EventRow): StoredEvent<E> {
    if (this.reads(row.type, row.schema)) return toEvent<E>(row);
    throw new EventsError(
      'NewerEvent',
      `Stream ${row.stream} holds ${row.type} in schema ${row.schema} at version ${row.version}, which this release cannot read: start the newer release.`,
    );
  }

  #committed(): void {
    this.#notifier.poke();
    for (const fn of this.#listeners) fn();
  }
}
