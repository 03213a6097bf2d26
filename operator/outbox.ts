import { type DomainEvent, formatFence, type Tokens } from '#domain';
import { type Tx, transaction } from '#lib/db';
import type { Logger } from '#lib/observe';
import type { IssueLog } from './store/log.ts';
import { findTask, type TaskRow } from './store/tasks.ts';

const POLL_MS = 2_000;
/** TOKENS_USED is at most one event per task, model and minute, and one at the task's end. */
const MINUTE_MS = 60_000;
const BATCH = 500;

interface Row {
  readonly id: string;
  readonly payload: { namespace: string; task: string; agent: string; model: string; provider: string; tokens: Tokens };
  readonly created_at: Date;
}

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
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      await this.drain().catch((err: unknown) => this.#logger.warn({ err }, 'outbox could not be read'));
      busy = false;
    }, POLL_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Takes what is due now. */
  async drain(): Promise<void> {
    const { rows } = await this.#log.pool.query<Row>(
      `SELECT id, payload, created_at FROM proxy.outbox WHERE taken_at IS NULL AND kind = 'TOKENS_USED' ORDER BY created_at LIMIT $1`,
      [BATCH],
    );
    const groups = Map.groupBy(
      rows,
      ({ payload }) => `${payload.namespace}/${payload.task} ${payload.model} ${payload.provider}`,
    );
    for (const group of groups.values()) await this.#take(group);
  }

  async #take(group: Row[]): Promise<void> {
    const { namespace, task: name } = group[0]!.payload;
    const task = await findTask(this.#log.pool, namespace, name);
    if (task === null) return;
    const due = task.endedAt !== null || this.#now() - group[0]!.created_at.getTime() >= MINUTE_MS;
    if (!due) return;
    await this.#log.retrying(() => transaction(this.#log.pool, (tx) => this.#record(tx, group, task)));
  }

  async #record(tx: Tx, group: Row[], task: TaskRow): Promise<void> {
    const { rows } = await tx.query(
      'UPDATE proxy.outbox SET taken_at = now() WHERE id = ANY($1::uuid[]) AND taken_at IS NULL RETURNING id',
      [group.map((row) => row.id)],
    );
    const taken = new Set(rows.map((row) => row.id));
    const mine = group.filter((row) => taken.has(row.id));
    if (mine.length === 0) return;
    const subjects = await tx.query('SELECT id, namespace, name FROM subjects WHERE id = $1', [task.subject]);
    const subject = subjects.rows[0];
    const state = await this.#log.load(subject, tx);
    await this.#log.appendIn(
      tx,
      subject,
      { actor: { kind: 'controller', name: 'outbox' }, causation: { kind: 'task', id: task.name } },
      state,
      [spent(mine, task)],
    );
  }
}

function spent(rows: readonly Row[], task: TaskRow): DomainEvent {
  const { agent, model, provider } = rows[0]!.payload;
  const total = (field: keyof Tokens) => rows.reduce((sum, row) => sum + row.payload.tokens[field], 0);
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
      requests: rows.length,
    },
  };
}
