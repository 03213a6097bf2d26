import {
  type DomainEvent,
  decideQuestioned,
  decideReverted,
  type EventData,
  evolveHistory,
  type History,
  noHistory,
  type StoredEvent,
} from '#domain';
import type { EventStore } from '#lib/events';
import type { Cause, IssueLog } from '../../store/log.ts';

const CAUSE: Cause = { actor: { kind: 'controller', name: 'ledger' } };

/** Tells in the logs of Issues what became of their changes. */
export class Telling {
  readonly #log: IssueLog;
  readonly #store: EventStore;
  readonly #cause: Cause;

  constructor(log: IssueLog, store: EventStore, cause: Cause = CAUSE) {
    this.#log = log;
    this.#store = store;
    this.#cause = cause;
  }

  async history(stream: string): Promise<History> {
    const events = (await this.#store.read(stream)) as unknown as StoredEvent[];
    return events.reduce(evolveHistory, noHistory);
  }

  /** Appends to an Issue's log what `decide` answers for it; nothing where its log was exported and is gone. */
  async tell(stream: string, decide: (history: History) => readonly DomainEvent[]): Promise<void> {
    const { rows } = await this.#log.pool.query('SELECT id, namespace, name FROM subjects WHERE id = $1', [stream]);
    if (rows[0] === undefined) return;
    await this.#log.record(rows[0], this.#cause, async () => ({
      events: decide(await this.history(stream)),
      value: undefined,
    }));
  }

  ask(stream: string, asked: EventData<'REVERT_QUESTIONED'>): Promise<void> {
    return this.tell(stream, (history) => decideQuestioned(history, asked));
  }

  reverted(stream: string, found: EventData<'CHANGE_REVERTED'>): Promise<void> {
    return this.tell(stream, (history) => decideReverted(history, found));
  }
}
