import { setTimeout as delay } from 'node:timers/promises';
import { traceHeaders } from '#lib/observe';
import { ConductorError, refusal } from './error.ts';

export interface TransportOptions {
  readonly fetch?: (request: Request) => Promise<Response> | Response;
  /** Attempts in all, at least 1. Default 20: about a minute, which is how long a conductor takes to come back. */
  readonly attempts?: number;
  /** Upper bound of the first pause in ms; it doubles with each attempt, at most 4,000. Default 500. */
  readonly backoffMs?: number;
  /** Bound of one attempt in ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Ends calls and pauses at once, with this signal's reason. */
  readonly signal?: AbortSignal;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly token: () => string;
  readonly body?: unknown;
  /** Names the call in errors. */
  readonly what: string;
}

/** Resolves to the parsed JSON body, or undefined for an empty one. */
export type Transport = (call: Call) => Promise<unknown>;

const MAX_PAUSE_MS = 4_000;

/** A transport with bounded, jittered retries over `fetch`. Only for calls that are idempotent. */
export function transport(url: string, options: TransportOptions): Transport {
  const root = url.replace(/\/+$/, '');
  const { attempts = 20, backoffMs = 500, random = Math.random, signal } = options;
  const sleep = options.sleep ?? ((ms, abort) => delay(ms, undefined, { signal: abort }));
  return async (call) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(root, call, options);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ConductorError) || error.code !== 'Unavailable' || attempt >= attempts) throw error;
        const bound = Math.min(backoffMs * 2 ** (attempt - 1), MAX_PAUSE_MS);
        await sleep(bound * (0.5 + random() / 2), signal);
      }
    }
  };
}

async function once(root: string, call: Call, options: TransportOptions): Promise<unknown> {
  const send = options.fetch ?? fetch;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let response: Response;
  let text: string;
  try {
    response = await send(request(root, call, signal));
    text = await response.text();
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new ConductorError('Unavailable', `${call.what}: the conductor at ${root} does not answer`, { cause });
  }
  const body = parsed(text);
  if (!response.ok) throw refusal(call.what, response.status, body);
  if (body === undefined && text !== '')
    throw new ConductorError('BadResponse', `${call.what}: the conductor's answer is not JSON`);
  return body;
}

function request(root: string, call: Call, signal: AbortSignal): Request {
  const headers: Record<string, string> = {
    accept: 'application/json',
    authorization: `Bearer ${call.token()}`,
    ...traceHeaders(),
  };
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  return new Request(root + call.path, {
    method: call.method,
    headers,
    body: call.body === undefined ? null : JSON.stringify(call.body),
    signal,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
