import type { Budget } from './budget.ts';
import { ForgeError } from './error.ts';

const MAX_REDIRECTS = 3;
const NO_BODY = new Set([101, 204, 205, 304]);

/** One answer of the forge. `remaining` is what is left of the rate limit `resource`; null where the forge did not say. */
export interface Answer {
  readonly method: string;
  readonly status: number;
  readonly remaining: number | null;
  readonly resource: string | null;
}

export interface TransportOptions {
  /** The only origin any request goes to. */
  readonly origin: string;
  /** Milliseconds for one attempt, body included. */
  readonly timeoutMs: number;
  /** Largest answer in bytes. */
  readonly maxBytes: number;
  readonly fetch: typeof fetch;
  readonly kind: 'read' | 'write';
  readonly budget: Budget;
  readonly onAnswer?: (answer: Answer) => void;
}

/**
 * A `fetch` that keeps the credential at home and answers small: another origin is refused, also behind a redirect or a page
 * link; GET follows up to three redirects on the same origin, anything else none; an answer over `maxBytes` is Malformed.
 * Every attempt has its own time limit.
 */
export function transport(options: TransportOptions): typeof fetch {
  return async (input, init) => {
    const method = (init?.method ?? 'GET').toUpperCase();
    const signal = AbortSignal.timeout(options.timeoutMs);
    let url = new URL(String(input));
    for (let hop = 0; ; hop++) {
      if (url.origin !== options.origin) throw elsewhere(url);
      const resource = resourceOf(url);
      // A request may have been queued since it was asked for.
      if (resource !== null) options.budget.check(options.kind, resource);
      const response = await options.fetch(url, { ...init, redirect: 'manual', signal });
      options.onAnswer?.(describe(method, response));
      const next = redirect(response, url);
      if (next === null) {
        const answer = await bounded(response, options.maxBytes);
        if (resource !== null) await tell(options.budget, resource, answer);
        return answer;
      }
      if (resource !== null) options.budget.told(resource, response.status, response.headers, '');
      await response.body?.cancel();
      if (method !== 'GET' && method !== 'HEAD') throw moved(response.status);
      if (hop === MAX_REDIRECTS)
        throw new ForgeError('Malformed', 'The forge redirected more than three times; nothing was read.');
      url = next;
    }
  };
}

/** Which of the forge's limits a request counts against; null for asking after the limits, which is free. */
export function resourceOf({ pathname }: URL): string | null {
  if (pathname.endsWith('/rate_limit')) return null;
  return pathname.endsWith('/graphql') ? 'graphql' : 'core';
}

async function tell(budget: Budget, resource: string, answer: Response): Promise<void> {
  const { status, headers } = answer;
  if (status === 403 || status === 429) budget.told(resource, status, headers, await answer.clone().text());
  else if (status === 200 && resource === 'graphql') budget.told(resource, status, headers, await errorsOf(answer));
  else budget.told(resource, status, headers, '');
}

/** The forge's own words in a GraphQL answer: what people wrote into issues speaks of no limit. */
async function errorsOf(answer: Response): Promise<string> {
  const text = await answer.clone().text();
  if (!text.includes('"errors"')) return '';
  try {
    const { errors } = JSON.parse(text) as { errors?: { message?: unknown }[] };
    return Array.isArray(errors) ? errors.map((error) => String(error?.message)).join('\n') : '';
  } catch {
    return '';
  }
}

function describe(method: string, response: Response): Answer {
  const remaining = response.headers.get('x-ratelimit-remaining');
  return {
    method,
    status: response.status,
    remaining: remaining !== null && /^\d{1,9}$/.test(remaining) ? Number(remaining) : null,
    resource: response.headers.get('x-ratelimit-resource'),
  };
}

function redirect(response: Response, from: URL): URL | null {
  const location = response.headers.get('location');
  if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) return null;
  return URL.parse(location, from.href) ?? null;
}

async function bounded(response: Response, maxBytes: number): Promise<Response> {
  if (NO_BODY.has(response.status) || response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new ForgeError(
        'Malformed',
        `The forge's answer is larger than ${maxBytes} bytes; it was not read to its end.`,
      );
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks, size), { status: response.status, headers: response.headers });
}

function elsewhere(url: URL): ForgeError {
  return new ForgeError('Forbidden', `The forge pointed to ${url.origin}; its credential is not sent to another host.`);
}

function moved(status: number): ForgeError {
  return new ForgeError('NotFound', 'The repository was renamed or moved; read it by its id and use its new name.', {
    status,
  });
}
