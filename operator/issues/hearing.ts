import type { DomainEvent } from '#domain';
import { Listener, type Pool } from '#lib/db';
import { type Appended, EVENTS_CHANNEL, type EventStore, Follower, readSubject } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { SubjectName } from '../store/project.ts';

export interface HearingOptions {
  readonly pool: Pool;
  readonly store: EventStore;
  /** Of the database, for a connection that listens. */
  readonly url: string;
  /** Told after what another replica appended. `freed` are uids of Agents whose task has ended with it, as far as one may have. */
  readonly onAppended: (subject: SubjectName, freed: readonly string[]) => void;
  /** Told of a task whose pod has come for it, on whichever replica; telling it twice is harmless. */
  readonly onStarted: (task: TaskName) => void;
  readonly logger: Logger;
}

export interface TaskName {
  readonly namespace: string;
  readonly name: string;
}

/** Events with which a task may end. */
const ENDINGS: ReadonlySet<string> = new Set([
  'TASK_FINISHED',
  'TASK_LOST',
  'TASK_CANCELLED',
  'AGENT_STUCK',
  'ESCALATED',
  'ISSUE_UNASSIGNED',
] satisfies DomainEvent['type'][]);
/** Where a replica says that pods have come for their tasks. It names none: the leader looks which. */
const STARTS_CHANNEL = 'rig_task_started';
/** How far back it looks, which outlives a connection that broke. */
const STARTS_BACK = '1 minute';
/** More than one replica appends between two looks at the log. */
const OWN_MAX = 10_000;

/**
 * What the leader hears of the log beside its own appends: tasks report to whichever replica they reach, and only the leader acts on it. It
 * listens for the notifications of the others, and looks once a second besides.
 */
export class Hearing {
  readonly #options: HearingOptions;
  readonly #listener: Listener;
  readonly #follower: Follower;
  /** What this replica appended and has not met in the log yet: it was told of it already. */
  readonly #own = new Set<string>();
  #listening = false;
  #starts: Promise<void> | undefined;
  #unread = false;

  constructor(options: HearingOptions) {
    this.#options = options;
    const { url, store, logger } = options;
    this.#listener = new Listener(url, { applicationName: 'rig-conductor-hearing', logger });
    this.#follower = new Follower({
      store,
      logger,
      wakeups: (wake) => this.#listener.subscribe(EVENTS_CHANNEL, wake),
      onAppended: (event) => this.#hear(event),
    });
  }

  /** Notes an append of this replica. */
  own({ id }: SubjectName, events: readonly { version: number }[]): void {
    if (!this.#listening) return;
    if (this.#own.size > OWN_MAX) this.#own.clear();
    for (const { version } of events) this.#own.add(`${id}@${version}`);
  }

  /** A pod has come to this replica for its task, which is the leader's to know. */
  async started(task: TaskName): Promise<void> {
    const { pool, onStarted, logger } = this.#options;
    if (this.#listening) return onStarted(task);
    await pool
      .query(`SELECT pg_notify('${STARTS_CHANNEL}', '')`)
      .catch((err: unknown) => logger.warn({ err, task: task.name }, 'the leader was not told that a task started'));
  }

  /** Resolves once nothing that is appended from now on is missed, and listens until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#follower.start(signal);
    if (signal.aborted) return;
    this.#listening = true;
    const unsubscribe = this.#listener.subscribe(STARTS_CHANNEL, () => this.#hearStarts());
    signal.addEventListener('abort', () => this.#stop(unsubscribe), { once: true });
  }

  /** Resolves when it asks the database nothing any more. */
  async close(): Promise<void> {
    await this.#starts;
    await this.#follower.idle();
    await this.#listener.close();
  }

  #stop(unsubscribe: () => void): void {
    unsubscribe();
    this.#listening = false;
    this.#own.clear();
  }

  async #hear({ stream, version, type }: Appended): Promise<void> {
    if (this.#own.delete(`${stream}@${version}`)) return;
    const subject = await readSubject(this.#options.pool, stream);
    if (subject?.kind !== 'Issue') return;
    this.#options.onAppended(subject, ENDINGS.has(type) ? await this.#freed(stream) : []);
  }

  /** The Agents of the tasks of an issue that ended last, one in each lane. */
  async #freed(stream: string): Promise<string[]> {
    const { rows } = await this.#options.pool.query(
      `SELECT DISTINCT ON (lane) agent_uid FROM tasks WHERE subject = $1 AND ended_at IS NOT NULL ORDER BY lane, ended_at DESC, sequence DESC`,
      [stream],
    );
    return rows.map((row) => row.agent_uid);
  }

  /** However many tell at once, one look at a time is under way, and one more behind it. */
  #hearStarts(): void {
    this.#unread = true;
    this.#starts ??= this.#readStarts()
      .catch((err: unknown) => this.#options.logger.warn({ err }, 'tasks that started could not be read'))
      .finally(() => {
        this.#starts = undefined;
      });
  }

  async #readStarts(): Promise<void> {
    while (this.#unread && this.#listening) {
      this.#unread = false;
      const { rows } = await this.#options.pool.query(
        `SELECT namespace, name FROM tasks WHERE ended_at IS NULL AND started_at > now() - interval '${STARTS_BACK}'`,
      );
      for (const { namespace, name } of rows) this.#options.onStarted({ namespace, name });
    }
  }
}
