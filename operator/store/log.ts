import { setTimeout as delay } from 'node:timers/promises';
import { type DomainEvent, evolve, type IssueState, noIssue, type StoredEvent } from '#domain';
import { type Pool, type Queryable, type Tx, transaction } from '#lib/db';
import { type EventMeta, type EventStore, isEventsError, type StoredEvent as LogEvent } from '#lib/events';
import { correlationOf } from '#lib/observe';
import { leaveQueue, projectAll, type SubjectName } from './project.ts';
import { together } from './together.ts';

/** Who caused an event and what led to it; kept beside it in the log. */
export type Cause = EventMeta;

/** What a decision adds to the log, and what its caller wants back. */
export interface Decided<T> {
  readonly events: readonly DomainEvent[];
  readonly value: T;
}

/** What was added, the state after it, and the decision's value. */
export interface Recorded<T> {
  readonly state: IssueState;
  readonly events: readonly StoredEvent[];
  readonly value: T;
}

export interface LogOptions {
  readonly pool: Pool;
  readonly store: EventStore;
  /** How long a task may run, in ms from its dispatch. */
  readonly taskDeadlineMs: number;
  /** Called after commit with the subject whose log grew, and by what. */
  readonly onAppend: (
    subject: SubjectName,
    growth: { before: IssueState; state: IssueState; events: readonly StoredEvent[] },
  ) => void;
}

const CACHED_ISSUES = 20_000;
const TRIES = 20;
/** Long enough for fifty writers to get out of each other’s way at a database that is slow. */
const MAX_WAIT_MS = 1_000;

/** The log of issues: loads their state, and appends what a decision says together with the projections that must not lag. */
export class IssueLog {
  readonly pool: Pool;
  readonly #options: LogOptions;
  readonly #cache = new Map<string, IssueState>();
  readonly #read: (db: Queryable, asked: { stream: string; after: number }) => Promise<LogEvent[]>;
  /** Streams that nobody is known to have begun. */
  readonly #empty = new Set<string>();

  constructor(options: LogOptions) {
    this.pool = options.pool;
    this.#options = options;
    this.#read = together({
      name: ({ stream, after }) => `${stream}@${after}`,
      read: (db, batch) => options.store.readEach(batch, db),
    });
  }

  /** The state as the log tells it now: reads only what was appended since the last load in this process. */
  async load(subject: Pick<SubjectName, 'id'>, on: Queryable = this.pool): Promise<IssueState> {
    if (this.#empty.delete(subject.id)) return noIssue;
    const cached = this.#cache.get(subject.id) ?? noIssue;
    const asked = { stream: subject.id, after: cached.version };
    const rows = await (on === this.pool
      ? this.#read(on, asked)
      : this.#options.store.read(asked.stream, { ...asked, on }));
    const state = rows.map(toDomain).reduce(evolve, cached);
    if (on === this.pool) this.#remember(subject.id, state);
    return state;
  }

  /** The stream was named this moment: the next load reads nothing. Where another writer has begun it since, an append finds out. */
  expectEmpty(id: string): void {
    this.#empty.add(id);
  }

  /** The state at `version`, if this process remembers that one; another writer may have gone on since, which an append on it finds out. */
  remembered(id: string, version: number): IssueState | undefined {
    const state = this.#cache.get(id);
    return state?.version === version ? state : undefined;
  }

  /**
   * Decides on the newest state and appends, again from the start when another writer was faster. `decide` must be repeatable; what it
   * does in `tx` commits with the events, or not at all.
   */
  async record<T>(
    subject: SubjectName,
    cause: Cause,
    decide: (state: IssueState, tx: Tx) => Promise<Decided<T>> | Decided<T>,
  ): Promise<Recorded<T>> {
    return this.retrying(async () => {
      const before = await this.load(subject);
      return transaction(this.pool, async (tx) => {
        const { events, value } = await decide(before, tx);
        return { ...(await this.appendIn(tx, subject, cause, before, events)), value };
      });
    });
  }

  /** {@link record} for decisions that need nothing but the state. */
  async append(
    subject: SubjectName,
    cause: Cause,
    decide: (state: IssueState) => readonly DomainEvent[],
  ): Promise<Recorded<undefined>> {
    // Most looks at an issue find nothing to write: they cost no transaction.
    const state = await this.load(subject);
    if (decide(state).length === 0) return { state, events: [], value: undefined };
    return this.record(subject, cause, (newest) => ({ events: decide(newest), value: undefined }));
  }

  /**
   * Appends inside a transaction of the caller's. A faster writer ends that transaction with EventsError Concurrency: see {@link retrying};
   * a subject that the database has forgotten ends it with SubjectMissing.
   * `queued` false says that the caller has taken the issue out of the queue already.
   */
  async appendIn(
    tx: Tx,
    subject: SubjectName,
    cause: Cause,
    before: IssueState,
    events: readonly DomainEvent[],
    { queued = true }: { queued?: boolean } = {},
  ): Promise<Omit<Recorded<never>, 'value'>> {
    if (events.length === 0) return { state: before, events: [] };
    if (queued) await leaveQueue(tx, subject, events);
    const traceId = correlationOf(subject.id);
    const meta = traceId === undefined ? cause : { ...cause, traceId };
    const rows = await this.#options.store.append(
      tx,
      subject.id,
      before.version,
      events.map(({ type, data }) => ({ type, data, meta })),
      { named: true },
    );
    const stored = rows.map(toDomain);
    await projectAll(tx, subject, stored, this.#options.taskDeadlineMs);
    const state = stored.reduce(evolve, before);
    tx.afterCommit(() => {
      this.#remember(subject.id, state);
      this.#options.onAppend(subject, { before, state, events: stored });
    });
    return { state, events: stored };
  }

  /** Runs `once` again while another writer was faster, after a random wait that grows, so that many writers of one stream all get through. */
  async retrying<T>(once: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once();
      } catch (error) {
        if (!isEventsError(error, 'Concurrency') || attempt >= TRIES) throw error;
        await delay(Math.random() * Math.min(2 ** attempt, MAX_WAIT_MS));
      }
    }
  }

  #remember(id: string, state: IssueState): void {
    const known = this.#cache.get(id);
    if (known !== undefined && known.version > state.version) return;
    this.#cache.delete(id);
    this.#cache.set(id, state);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > CACHED_ISSUES && !oldest.done) this.#cache.delete(oldest.value);
  }
}

function toDomain(row: LogEvent): StoredEvent {
  return { type: row.type, data: row.data, version: row.version, at: row.at } as StoredEvent;
}
