import { type DomainEvent, formatFence, type Tokens } from '#domain';
import { type Tx, transaction } from '#lib/db';
import { correlate, inScope, type Logger } from '#lib/observe';
import type { IssueLog } from './store/log.ts';
import { findTask, type TaskRow } from './store/tasks.ts';

const POLL_MS = 2_000;
/** TOKENS_USED is at most one event per task, model and minute, and one at the task's end. */
const MINUTE_MS = 60_000;
/** Groups taken in one look; the rest comes with the next. */
const BATCH = 500;

/** What one event sums up. */
interface Group {
  readonly namespace: string;
  readonly task: string;
  readonly model: string;
  readonly provider: string;
}

interface Payload extends Group {
  readonly agent: string;
  readonly tokens: Tokens;
}

/** Rows of one group: the parameters are the group's fields, in order. */
const OF_GROUP = `taken_at IS NULL AND kind = 'TOKENS_USED' AND payload->>'namespace' = $1 AND payload->>'task' = $2
  AND payload->>'model' = $3 AND payload->>'provider' = $4`;

/** Turns the proxy's outbox rows into events, exactly once: the mark on the rows commits with the event. Runs on the leader. */
export class Outbox {
  readonly #log: IssueLog;
  readonly #logger: Logger;
  readonly #now: () => number;

  constructor(log: IssueLog, logger: Logger, now: () => number = Date.now) {
    this.#log = log;
    this.#logger = logger;
    this.#now = now;
  }

  /** Looks every two seconds until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      await this.drain().catch((err: unknown) => this.#logger.warn({ err }, 'outbox could not be read'));
      busy = false;
    }, POLL_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Takes what is due now: of a task that has ended everything, else what began a minute ago. A group that fails holds up no other. */
  async drain(): Promise<void> {
    const { rows } = await this.#log.pool.query<Group>(
      `SELECT o.payload->>'namespace' AS namespace, o.payload->>'task' AS task, o.payload->>'model' AS model, o.payload->>'provider' AS provider
       FROM proxy.outbox o JOIN tasks t ON t.namespace = o.payload->>'namespace' AND t.name = o.payload->>'task'
       WHERE o.taken_at IS NULL AND o.kind = 'TOKENS_USED'
       GROUP BY 1, 2, 3, 4 HAVING min(o.created_at) <= $1 OR bool_or(t.ended_at IS NOT NULL)
       ORDER BY min(o.created_at) LIMIT $2`,
      [new Date(this.#now() - MINUTE_MS), BATCH],
    );
    for (const group of rows)
      await inScope(() =>
        this.#take(group).catch((err: unknown) =>
          this.#logger.warn({ err, ...group }, 'outbox row could not be taken'),
        ),
      );
  }

  async #take(group: Group): Promise<void> {
    const task = await findTask(this.#log.pool, group.namespace, group.task);
    correlate(task?.subject);
    if (task !== null)
      await this.#log.retrying(() => transaction(this.#log.pool, (tx) => this.#record(tx, group, task)));
  }

  async #record(tx: Tx, group: Group, task: TaskRow): Promise<void> {
    const { namespace, task: name, model, provider } = group;
    const taken = await tx.query<{ payload: Payload }>(
      `UPDATE proxy.outbox SET taken_at = now() WHERE ${OF_GROUP} RETURNING payload`,
      [namespace, name, model, provider],
    );
    // Another leader was faster.
    if (taken.rows.length === 0) return;
    const subjects = await tx.query('SELECT id, namespace, name FROM subjects WHERE id = $1', [task.subject]);
    const subject = subjects.rows[0];
    const state = await this.#log.load(subject, tx);
    await this.#log.appendIn(
      tx,
      subject,
      { actor: { kind: 'controller', name: 'outbox' }, causation: { kind: 'task', id: task.name } },
      state,
      [
        spent(
          taken.rows.map(({ payload }) => payload),
          task,
        ),
      ],
    );
  }
}

function spent(calls: readonly Payload[], task: TaskRow): DomainEvent {
  const { agent, model, provider } = calls[0]!;
  const total = (field: keyof Tokens) => calls.reduce((sum, { tokens }) => sum + tokens[field], 0);
  const tokens = {
    input: total('input'),
    output: total('output'),
    cacheRead: total('cacheRead'),
    cacheWrite: total('cacheWrite'),
  };
  return {
    type: 'TOKENS_USED',
    data: {
      task: task.name,
      kind: task.kind,
      fence: formatFence(task.fence),
      agent,
      model,
      provider,
      tokens,
      requests: calls.length,
    },
  };
}
