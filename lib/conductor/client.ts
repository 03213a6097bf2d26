import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Static, TSchema } from 'typebox';
import { ConductorError } from './error.ts';
import * as contract from './schema.ts';
import { type Transport, type TransportOptions, transport } from './transport.ts';

export interface TaskRef {
  readonly namespace: string;
  readonly task: string;
}

export interface ConductorClientOptions extends TransportOptions {
  /** Root of the conductor's API, e.g. `http://127.0.0.1:8080`; a trailing slash does not matter. */
  readonly url: string;
}

/** The calls one task makes under its conductor token. Every call is idempotent by id or key, so a retry repeats nothing. */
export interface TaskCalls {
  assignment(): Promise<contract.Assignment>;
  heartbeat(): Promise<contract.HeartbeatResponse>;
  report(events: readonly contract.TaskEvent[]): Promise<void>;
  openPullRequest(request: contract.PullRequestRequest): Promise<contract.PullRequestResponse>;
  comment(request: contract.CommentRequest): Promise<contract.CommentResponse>;
  plan(request: contract.PlanRequest): Promise<contract.PlanResponse>;
  verdict(request: contract.VerdictRequest): Promise<contract.VerdictResponse>;
  threads(request: contract.ThreadsRequest): Promise<contract.ThreadsResponse>;
}

export interface ConductorCalls {
  exchange(podToken: string, namespace: string, task: string): Promise<contract.TokenResponse>;
  fence(bearer: string, namespace: string, task: string): Promise<contract.FenceResponse>;
  egress(bearer: string, namespace: string, task: string): Promise<contract.EgressResponse>;
  forTask(task: TaskRef, token: () => string): TaskCalls;
}

/**
 * Speaks the conductor API. What is sent and what comes back is validated against the contract; every failure is a
 * {@link ConductorError}. Connect errors, 429 and 5xx are retried with jitter (by default for about a minute), other
 * 4xx never. Safe to share between tasks.
 */
export class ConductorClient implements ConductorCalls {
  readonly #transport: Transport;

  constructor(options: ConductorClientOptions) {
    this.#transport = transport(options.url, options);
  }

  /** Exchanges the pod's ServiceAccount token (audience `rig-conductor`) for the task's tokens. */
  exchange(podToken: string, namespace: string, task: string): Promise<contract.TokenResponse> {
    const call = caller(this.#transport, { namespace, task }, () => podToken);
    return call('POST', 'token', { answer: contract.TokenResponse });
  }

  /** Whether the task's claim is live. `bearer` is a token of the task, of any audience. */
  fence(bearer: string, namespace: string, task: string): Promise<contract.FenceResponse> {
    const call = caller(this.#transport, { namespace, task }, () => bearer);
    return call('GET', 'fence', { answer: contract.FenceResponse });
  }

  /** Where the task may connect to now, and whether its claim is live. `bearer` is a token of the task for `rig-egress`. */
  egress(bearer: string, namespace: string, task: string): Promise<contract.EgressResponse> {
    const call = caller(this.#transport, { namespace, task }, () => bearer);
    return call('GET', 'egress', { answer: contract.EgressResponse });
  }

  /** The calls of one task. `token` is asked before each attempt, so a renewed token is picked up. */
  forTask(task: TaskRef, token: () => string): TaskCalls {
    const call = caller(this.#transport, task, token);
    return {
      assignment: () => call('GET', '', { answer: contract.Assignment }),
      heartbeat: () => call('POST', 'heartbeat', { body: {}, answer: contract.HeartbeatResponse }),
      report: async (events) => {
        await call('POST', 'events', { body: { events }, request: contract.EventsRequest });
      },
      openPullRequest: (body) =>
        call('POST', 'pull-request', {
          body,
          request: contract.PullRequestRequest,
          answer: contract.PullRequestResponse,
        }),
      comment: (body) =>
        call('POST', 'comments', { body, request: contract.CommentRequest, answer: contract.CommentResponse }),
      plan: (body) => call('POST', 'plan', { body, request: contract.PlanRequest, answer: contract.PlanResponse }),
      verdict: (body) =>
        call('POST', 'verdict', { body, request: contract.VerdictRequest, answer: contract.VerdictResponse }),
      threads: (body) =>
        call('POST', 'threads', { body, request: contract.ThreadsRequest, answer: contract.ThreadsResponse }),
    };
  }
}

interface Exchange<A extends TSchema> {
  readonly body?: unknown;
  readonly request?: TSchema;
  readonly answer?: A;
}

function caller(send: Transport, { namespace, task }: TaskRef, token: () => string) {
  const root = `/v1/namespaces/${encodeURIComponent(namespace)}/tasks/${encodeURIComponent(task)}`;
  return async <A extends TSchema>(method: string, call: string, exchange: Exchange<A>): Promise<Static<A>> => {
    const path = call === '' ? root : `${root}/${call}`;
    const what = `${method} ${path}`;
    if (exchange.request) fits(exchange.request, exchange.body, 'BadRequest', `${what}: the request`);
    const answer = await send({ method, path, token, body: exchange.body, what });
    if (exchange.answer) fits(exchange.answer, answer, 'BadResponse', `${what}: the conductor's answer`);
    return answer as Static<A>;
  };
}

const ajv = new Ajv2020({ allErrors: false, strict: false });
const compiled = new WeakMap<TSchema, ValidateFunction>();

function fits(schema: TSchema, value: unknown, code: 'BadRequest' | 'BadResponse', subject: string): void {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return;
  const first = validate.errors?.[0];
  throw new ConductorError(
    code,
    `${subject} does not fit the contract at ${first?.instancePath || '/'}: ${first?.message ?? 'invalid'}`,
  );
}
