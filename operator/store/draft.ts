import { type DomainEvent, evolve, type IssueState, type StoredEvent } from '#domain';
import { type Tx, transaction } from '#lib/db';
import type { Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';

/** What is decided inside the transaction, and what its caller wants back. */
export type Further<T> = (
  tx: Tx,
  state: IssueState,
) => Promise<{ readonly events: readonly DomainEvent[]; readonly value: T }>;

/**
 * What one look at an issue has decided and not yet written. Decisions that need nothing but each other follow one another in memory and are
 * written by one transaction, so that an issue is filed, graded and claimed with one wait for the disk. Whoever acts on the outside
 * world commits first: nothing is done of which the log does not know.
 */
export class Draft {
  /** Where it is written. */
  readonly log: IssueLog;
  readonly #subject: SubjectName;
  readonly #cause: Cause;
  readonly #now: () => number;
  readonly #pending: DomainEvent[] = [];
  #written: IssueState;
  #state: IssueState;

  constructor(log: IssueLog, subject: SubjectName, cause: Cause, written: IssueState, now: () => number) {
    this.log = log;
    this.#subject = subject;
    this.#cause = cause;
    this.#now = now;
    this.#written = written;
    this.#state = written;
  }

  /** The state with everything decided so far, written or not. */
  get state(): IssueState {
    return this.#state;
  }

  /** Adds what was decided on {@link state}. */
  add(events: readonly DomainEvent[]): void {
    for (const event of events) {
      const stored = { ...event, version: this.#state.version + 1, at: this.#now() } as StoredEvent;
      this.#state = evolve(this.#state, stored);
      this.#pending.push(event);
    }
  }

  /**
   * Writes what was added, and what `more` decides in the same transaction, which also says whether the issue is in the queue from then
   * on; does nothing where there is neither. Throws EventsError
   * Concurrency when another writer was faster: then nothing is written, and the draft is of no more use.
   */
  async commit<T = undefined>(more?: Further<T>): Promise<T | undefined> {
    if (this.#pending.length === 0 && more === undefined) return undefined;
    return transaction(this.log.pool, (tx) => this.commitIn(tx, more));
  }

  /** {@link commit} as a part of a transaction of the caller's; the draft stays as it is where that does not commit. */
  async commitIn<T = undefined>(tx: Tx, more?: Further<T>): Promise<T | undefined> {
    const decided = await more?.(tx, this.#state);
    const events = [...this.#pending, ...(decided?.events ?? [])];
    const queued = decided === undefined;
    const { state } = await this.log.appendIn(tx, this.#subject, this.#cause, this.#written, events, { queued });
    tx.afterCommit(() => {
      this.#pending.length = 0;
      this.#written = state;
      this.#state = state;
    });
    return decided?.value;
  }
}
