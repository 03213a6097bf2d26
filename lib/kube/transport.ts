import { request } from 'undici';
import { backoffDelay } from './backoff.ts';
import { type Clock, realClock, sleep } from './clock.ts';
import type { ClusterConfig } from './config.ts';
import { errorFromAnswer, errorFromTransport, KubeError, networkCode } from './errors.ts';
import { jsonText } from './text.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | boolean | undefined>;

export interface CallOptions {
  /** Cancels the call and its retries: KubeError `Aborted`. */
  signal?: AbortSignal;
  /** Limit of each try in ms. Default 30 s. */
  timeoutMs?: number;
  /** Tries after the first one. Default 4. */
  retries?: number;
}

export interface Call extends CallOptions {
  method: Method;
  path: string;
  query?: Query;
  body?: unknown;
  contentType?: string;
  /** Whether repeating the call after an unknown outcome is harmless. Default: everything but POST. */
  idempotent?: boolean;
}

export interface TransportOptions {
  clock?: Clock;
  random?: () => number;
  userAgent?: string;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 4;
const LONGEST_RETRY_AFTER_MS = 30_000;
/** The request never left, so even a POST may be sent again. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_CLOSED']);

/**
 * Sends requests to the API server. 429 is retried as the server asks (Retry-After), 5xx and broken connections where
 * repeating is harmless, 401 once with credentials read anew. Anything else is thrown as KubeError at once.
 */
export class Transport {
  readonly config: ClusterConfig;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #userAgent: string;

  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    this.config = config;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#userAgent = options.userAgent ?? 'rig';
  }

  /** Returns the body of the successful answer as text. */
  async text(call: Call): Promise<string> {
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(call);
      } catch (error) {
        const failure = failureOf(error, call);
        if (failure.code === 'Unauthorized' && !renewed && this.config.expireCredentials()) {
          renewed = true;
          continue;
        }
        const delay = retryDelay(failure, call, attempt, this.#random);
        if (delay === undefined) throw failure;
        await sleep(this.#clock, delay, call.signal);
        if (call.signal?.aborted) throw failure;
      }
    }
  }

  /** Returns the successful answer parsed as JSON. */
  async json<T>(call: Call): Promise<T> {
    const text = await this.text(call);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new KubeError('Unexpected', `the API server's answer is not JSON: ${describe(call)}`, { cause });
    }
  }

  async #once(call: Call): Promise<string> {
    const { headers, dispatcher } = await this.config.authorize();
    const timeout = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
    const answer = await request(urlOf(this.config.server, call), {
      method: call.method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body === undefined ? undefined : jsonText(call.body),
      dispatcher,
      signal: call.signal === undefined ? timeout : AbortSignal.any([timeout, call.signal]),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 200 && answer.statusCode < 300) return text;
    const retryAfter = String(answer.headers['retry-after'] ?? '');
    throw errorFromAnswer(answer.statusCode, text, { retryAfter, request: describe(call) });
  }
}

/** The ms to wait before trying `call` again after `error`, or undefined when it is not to be repeated. */
export function retryDelay(
  error: KubeError,
  call: Pick<Call, 'method' | 'idempotent' | 'retries' | 'signal'>,
  attempt: number,
  random: () => number,
): number | undefined {
  if (attempt >= (call.retries ?? RETRIES) || call.signal?.aborted || !mayRepeat(error, call)) return undefined;
  const own = backoffDelay(attempt, { baseMs: 100, maxMs: 5000, random });
  if (error.retryAfterMs === undefined) return own;
  return Math.max(own, Math.min(error.retryAfterMs, LONGEST_RETRY_AFTER_MS));
}

function mayRepeat(error: KubeError, call: Pick<Call, 'method' | 'idempotent'>): boolean {
  if (error.code === 'TooManyRequests' || NEVER_SENT.has(networkCode(error) ?? '')) return true;
  const transient = error.code === 'Internal' || error.code === 'Unavailable' || error.code === 'Timeout';
  return transient && (call.idempotent ?? call.method !== 'POST');
}

function failureOf(error: unknown, call: Call): KubeError {
  if (!call.signal?.aborted) return errorFromTransport(error, describe(call));
  return new KubeError('Aborted', `cancelled: ${describe(call)}`, {
    request: describe(call),
    cause: call.signal.reason,
  });
}

function urlOf(server: string, call: Call): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return `${server}${call.path}${text === '' ? '' : `?${text}`}`;
}

function describe(call: Call): string {
  return `${call.method} ${call.path}`;
}
