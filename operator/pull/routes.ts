import type { Context } from 'hono';
import type { Agent } from '#crds';
import { formatFence } from '#domain';
import type { NextAssignment, TokenResponse } from '#lib/conductor';
import { HttpError } from '#lib/http';
import { isConditionTrue } from '#lib/kube';
import { correlate } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { claimantOf } from '../issues/dispatcher.ts';
import { nextTask } from '../store/take.ts';
import { bindClient, findTask, type TaskRow } from '../store/tasks.ts';
import { type ExchangeOptions, seenUid, tokensOf } from '../tokens/exchange.ts';
import { ClientCredentials } from './credential.ts';

/** Longest a client may wait for work in one request, in seconds. */
const MAX_WAIT_SECONDS = 60;

/** What clients of Agents that pull their work ask for. Nothing is asked of them but the Agent's credential. */
export class Pull {
  readonly #conductor: Conductor;
  readonly #credentials: ClientCredentials;

  constructor(conductor: Conductor) {
    this.#conductor = conductor;
    this.#credentials = new ClientCredentials({
      client: conductor.client,
      find: (namespace, name) => conductor.objects.agents.get(namespace, name),
      onProblem: (agent, { reason, message }) =>
        conductor.recorder.record(agent as never, { type: 'Warning', reason, message }),
      now: conductor.now,
    });
  }

  /**
   * GET …/assignments/next?agentId=&wait=: 200 with the task to do next, the same for whoever asks until it is started, or 204. With `wait` the
   * answer comes when there is work, or after so many seconds.
   */
  async next(context: Context, namespace: string): Promise<Response> {
    const name = context.req.query('agentId') ?? '';
    const header = context.req.header('authorization');
    const until = this.#conductor.now() + waitOf(context.req.query('wait')) * 1_000;
    const agent = await this.#credentials.require(namespace, name, header);
    const waiter = this.#conductor.waiting.enter(agent.metadata.uid!);
    if (waiter === null)
      throw new HttpError('TooManyRequests', 'TooManyWait', 'Too many clients of this Agent wait; ask again later.', {
        retryAfterSeconds: 10,
      });
    try {
      for (let asking = agent; ; asking = await this.#credentials.require(namespace, name, header)) {
        const found = await this.#look(asking);
        if (found !== null) return context.json(found);
        const left = until - this.#conductor.now();
        if (left <= 0 || !(await waiter.woken(left, context.req.raw.signal))) return context.body(null, 204);
      }
    } finally {
      waiter.leave();
    }
  }

  /** POST …/tasks/{name}/token with the name of the client that starts it: the first one that asks has the task. */
  async exchange(
    options: ExchangeOptions,
    { namespace, task: name }: { namespace: string; task: string },
    header: string | undefined,
    client: string,
  ): Promise<TokenResponse> {
    const { log, now } = this.#conductor;
    const row = await findTask(log.pool, namespace, name);
    const agent = await this.#credentials.require(namespace, row?.agent.name ?? '', header);
    correlate(row!.subject);
    const uid = await seenUid(options, namespace, name);
    if (agent.metadata.uid !== row!.agent.uid || !(await bindClient(log.pool, namespace, name, client, now())))
      throw new HttpError(
        'Conflict',
        'DeadFence',
        `Task ${name} has ended, or another client runs it; ask for the next assignment.`,
      );
    options.onStarted(namespace, name);
    // What is queued behind it waits for a client that asks.
    this.#conductor.waiting.wake([row!.agent.uid]);
    return tokensOf(options.tokens, row!, uid);
  }

  async #look(agent: Agent): Promise<NextAssignment | null> {
    const { log, mark } = this.#conductor;
    if (mark.behind() !== null) return null;
    const concurrency = takesWork(agent) ? agent.spec.concurrency : 0;
    const cause = { actor: { kind: 'controller', name: 'dispatcher' } } as const;
    const next = await nextTask(log, claimantOf(this.#conductor, agent, concurrency), cause);
    if (typeof next === 'string') return null;
    const row = await findTask(log.pool, agent.metadata.namespace!, next.task);
    return row === null || row.endedAt !== null ? null : this.#offer(row);
  }

  #offer(row: TaskRow): NextAssignment {
    const { namespace, name, kind, attempt, round, fence } = row;
    return {
      path: `/v1/namespaces/${namespace}/tasks/${name}`,
      task: { namespace, name, kind, attempt, round, fence: formatFence(fence), deadline: time(row.deadline) },
      agent: row.agent.name,
      startBy: time(row.dispatchedAt + this.#conductor.policy.startDeadline),
    };
  }
}

function takesWork({ spec, status }: Agent): boolean {
  return !spec.suspend && isConditionTrue(status?.conditions, 'Ready');
}

function waitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,3}$/.test(text) || Number(text) > MAX_WAIT_SECONDS)
    throw new HttpError('BadRequest', 'BadWait', `wait is a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}.`);
  return Number(text);
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
