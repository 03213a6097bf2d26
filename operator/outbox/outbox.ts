import type { DomainEvent } from '#domain';
import { type Queryable, type Tx, transaction } from '#lib/db';
import type { Logger } from '#lib/observe';
import type { IssueLog } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { findTask, type TaskRow } from '../store/tasks.ts';
import { denials } from './denials.ts';
import { giveUpOrphans } from './orphans.ts';
import { usage } from './usage.ts';

const POLL_MS = 2_000;
/** How long a row of a task that is not there is left for people to see. */
const ORPHAN_MS = 3_600_000;
const ORPHANS_EVERY_MS = 60_000;

/** Rows of one task that become one event. */
export interface Group {
  readonly namespace: string;
  readonly task: string;
}

/** How the rows of one program's outbox become events. */
export interface Feed {
  /** The groups whose time has come, oldest first; a bounded number, the rest comes with the next look. */
  due(db: Queryable, at: number): Promise<readonly Group[]>;
  /** Marks the group's rows and sums them up; null where another leader was faster. */
  take(tx: Tx, group: Group, task: TaskRow, at: number): Promise<DomainEvent | null>;
}

const FEEDS: readonly Feed[] = [usage, denials];

/** Turns the programs' outbox rows into events, exactly once: the mark on the rows commits with the event. Runs on the leader. */
export class Outbox {
  readonly #log: IssueLog;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #onRecorded: (subject: SubjectName, event: DomainEvent) => void;
  #running: Promise<void> | undefined;
  #orphansAt = -Infinity;

  constructor(
    log: IssueLog,
    logger: Logger,
    now: () => number = Date.now,
    onRecorded: (subject: SubjectName, event: DomainEvent) => void = () => {},
  ) {
    this.#log = log;
    this.#logger = logger;
    this.#now = now;
    this.#onRecorded = onRecorded;
  }

  /** Looks every two seconds until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    const timer = setInterval(() => {
      this.#running ??= this.drain().finally(() => {
        this.#running = undefined;
      });
    }, POLL_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Resolves when what is being taken now is done: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Takes what is due now. A program or a group that fails holds up no other. */
  async drain(): Promise<void> {
    for (const feed of FEEDS)
      await this.#drain(feed).catch((err: unknown) => this.#logger.warn({ err }, 'outbox could not be read'));
    await this.#giveUp().catch((err: unknown) => this.#logger.warn({ err }, 'outbox could not be read'));
  }

  async #giveUp(): Promise<void> {
    const now = this.#now();
    if (now - this.#orphansAt < ORPHANS_EVERY_MS) return;
    this.#orphansAt = now;
    for (const orphans of await giveUpOrphans(this.#log.pool, new Date(now - ORPHAN_MS)))
      this.#logger.warn({ ...orphans }, 'outbox rows of a task that is not there were given up');
  }

  async #drain(feed: Feed): Promise<void> {
    for (const group of await feed.due(this.#log.pool, this.#now()))
      await this.#take(feed, group).catch((err: unknown) =>
        this.#logger.warn({ err, ...group }, 'outbox row could not be taken'),
      );
  }

  async #take(feed: Feed, group: Group): Promise<void> {
    const task = await findTask(this.#log.pool, group.namespace, group.task);
    if (task !== null)
      await this.#log.retrying(() => transaction(this.#log.pool, (tx) => this.#record(tx, feed, group, task)));
  }

  async #record(tx: Tx, feed: Feed, group: Group, task: TaskRow): Promise<void> {
    const event = await feed.take(tx, group, task, this.#now());
    if (event === null) return;
    const subjects = await tx.query('SELECT id, namespace, name FROM subjects WHERE id = $1', [task.subject]);
    const subject = subjects.rows[0];
    const cause = {
      actor: { kind: 'controller', name: 'outbox' },
      causation: { kind: 'task', id: task.name },
    } as const;
    await this.#log.appendIn(tx, subject, cause, await this.#log.load(subject, tx), [event]);
    tx.afterCommit(() => this.#onRecorded(subject, event));
  }
}
