import { setTimeout as delay } from 'node:timers/promises';
import type {
  Assignment,
  NextAssignment,
  PlanRequest,
  PlanResponse,
  PullRequestRequest,
  TaskEvent,
  TokenResponse,
} from '#lib/conductor';

/** The claim has ended: nothing this client does is taken any more. */
export class DeadFence extends Error {
  override name = 'DeadFence';
}

export interface ConductorOptions {
  /** Root of the conductor's API. */
  readonly url: string;
  readonly namespace: string;
  readonly agent: string;
  /** The Agent's client credential, asked before each call: it may be changed. */
  readonly credential: () => Promise<string>;
  /** What this client calls itself. */
  readonly client: string;
}

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly token: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

/** The two calls that a client makes with the Agent's credential. */
export class Conductor {
  readonly #options: ConductorOptions;

  constructor(options: ConductorOptions) {
    this.#options = options;
  }

  /** The task to do next, or null when `waitSeconds` (at most 60) passed without work. */
  async next(waitSeconds: number, signal: AbortSignal): Promise<NextAssignment | null> {
    const { url, namespace, agent, credential } = this.#options;
    const path = `/v1/namespaces/${namespace}/assignments/next?agentId=${encodeURIComponent(agent)}&wait=${waitSeconds}`;
    return (await call(url + path, { token: await credential(), signal })) as NextAssignment | null;
  }

  /** Takes the task for this client. Throws {@link DeadFence} when another client was faster. */
  async start({ path }: NextAssignment): Promise<Task> {
    const { url, credential, client } = this.#options;
    const asked = { method: 'POST', token: await credential(), body: { client } } as const;
    const { tokens } = (await call(`${url}${path}/token`, asked)) as TokenResponse;
    return new Task(url + path, tokens.conductor);
  }
}

/** The calls of one task, under its own token. */
export class Task {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** For git, to be sent to {@link url} alone. */
  get authorization(): string {
    return `Authorization: Bearer ${this.#token}`;
  }

  async assignment(): Promise<Assignment> {
    return (await call(this.url, { token: this.#token })) as Assignment;
  }

  /** True when the conductor asks to stop. */
  async beat(): Promise<boolean> {
    return ((await this.#post('heartbeat', {})) as { cancel: boolean }).cancel;
  }

  async report(...events: TaskEvent[]): Promise<void> {
    await this.#post('events', { events });
  }

  async openPullRequest(request: PullRequestRequest): Promise<{ number: number; url: string }> {
    return (await this.#post('pull-request', request)) as { number: number; url: string };
  }

  async plan(request: PlanRequest): Promise<PlanResponse> {
    return (await this.#post('plan', request)) as PlanResponse;
  }

  async resolve(threads: readonly { id: string; reply: string }[]): Promise<void> {
    await this.#post('threads', { resolve: threads, reopen: [] });
  }

  #post(route: string, body: unknown): Promise<unknown> {
    return call(`${this.url}/${route}`, { method: 'POST', token: this.#token, body });
  }
}

/** One call, repeated while the conductor is away: every call of a task is idempotent. Null for an answer without a body. */
async function call(url: string, { method = 'GET', token, body, signal }: Call): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((error: Error) => {
      signal?.throwIfAborted();
      return error;
    });
    if (!(answer instanceof Error) && answer.ok) return answer.status === 204 ? null : answer.json();
    const refusal = answer instanceof Error ? answer.message : await answer.text();
    if (!(answer instanceof Error) && answer.status === 409 && refusal.includes('DeadFence'))
      throw new DeadFence(refusal);
    const passes = answer instanceof Error || answer.status === 429 || answer.status >= 500;
    if (!passes || attempt === PAUSES_MS.length) throw new Error(`${method} ${url}: ${refusal}`);
    await delay(PAUSES_MS[attempt]! * (0.5 + Math.random() / 2), undefined, signal && { signal });
  }
}
