import { AsyncLocalStorage } from 'node:async_hooks';
import { readMessageUsage, type Usage, UsageTap } from '#lib/llm';
import type { Logger } from '#lib/observe';
import { ProxyError } from './error.ts';

export interface Upstream {
  /** Root of the provider's API, without `/v1`. */
  readonly url: string;
  /** Undefined where the upstream asks for none. */
  readonly key: () => string | undefined;
  readonly fetch?: typeof fetch;
}

export interface Forwarded {
  readonly response: Response;
  /** Settles when the answer has been read to its end and `settle` is through, also when the client has hung up. */
  readonly settled: Promise<void>;
}

/** Told once an answer has been read to its end, before the client sees that end. */
export type Settle = (usage: Usage, requestId: string | undefined) => Promise<void>;

/** Meant for one connection (RFC 9110, 7.6.1), or for this proxy alone. */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'x-api-key',
  'authorization',
  'cookie',
  'set-cookie',
  'accept-encoding',
  'expect',
  // Whose call this is, is nobody's business outside.
  'traceparent',
  'tracestate',
  'baggage',
]);
/** Undici has decoded the body already. */
const DROPPED_FROM_ANSWER = new Set(['content-encoding']);

/**
 * Sends a request on, its bytes and those of the answer unchanged. The answer is read as fast as the client reads it; when the client
 * hangs up it is drained, so that its usage is learned. Throws ProxyError `upstream_unreachable`.
 */
export async function forward(
  request: { readonly path: string; readonly headers: Headers; readonly body: Buffer },
  upstream: Upstream,
  settle: Settle,
  logger: Logger,
): Promise<Forwarded> {
  const send = upstream.fetch ?? fetch;
  let answer: Response;
  try {
    answer = await send(upstream.url + request.path, {
      method: 'POST',
      headers: outgoing(request.headers, upstream.key()),
      body: new Uint8Array(request.body),
      redirect: 'manual',
    });
  } catch (cause) {
    throw new ProxyError('upstream_unreachable', 'The model provider does not answer; ask again.', { cause });
  }
  const headers = kept(answer.headers, DROPPED_FROM_ANSWER);
  const { body, settled } = tapped(answer, settle, logger);
  return { response: new Response(body, { status: answer.status, headers }), settled };
}

function outgoing(given: Headers, key: string | undefined): Headers {
  const headers = kept(given, new Set());
  // Usage is read from the bytes that pass, so they must not be compressed.
  headers.set('accept-encoding', 'identity');
  if (key === undefined) return headers;
  if (given.has('x-api-key')) headers.set('x-api-key', key);
  else headers.set('authorization', `Bearer ${key}`);
  return headers;
}

function kept(given: Headers, also: ReadonlySet<string>): Headers {
  const named = (given.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
  const headers = new Headers();
  for (const [name, value] of given)
    if (!DROPPED.has(name) && !also.has(name) && !named.includes(name)) headers.append(name, value);
  return headers;
}

function tapped(
  answer: Response,
  settle: Settle,
  logger: Logger,
): { body: ReadableStream<Uint8Array>; settled: Promise<void> } {
  const reader = answer.body?.getReader();
  const tap = tapOf(answer);
  const end = Promise.withResolvers<void>();
  let over = false;
  let gone = false;
  // A stream is pulled by whoever reads it; what is done at its end belongs to the call.
  const finish = AsyncLocalStorage.bind(async () => {
    if (over) return end.promise;
    over = true;
    const usage = tap.usage();
    if (usage !== undefined)
      await settle(usage, answer.headers.get('request-id') ?? undefined).catch((err) =>
        logger.error({ err }, 'usage was not recorded'),
      );
    end.resolve();
    return end.promise;
  });
  const next = async () => {
    const read = await reader?.read();
    if (read?.value) tap.push(read.value);
    return read?.done === false ? read.value : undefined;
  };
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const chunk = await next();
        if (gone) return;
        if (chunk) return controller.enqueue(chunk);
        await finish();
        controller.close();
      } catch (error) {
        await finish();
        controller.error(error);
      }
    },
    cancel: () => {
      gone = true;
      void drain(next).then(finish);
    },
  });
  return { body, settled: end.promise };
}

async function drain(next: () => Promise<Uint8Array | undefined>): Promise<void> {
  try {
    while ((await next()) !== undefined);
  } catch {
    // The upstream broke off; what was seen of the usage until then counts.
  }
}

const MAX_JSON = 33_554_432;

function tapOf(answer: Response): { push: (chunk: Uint8Array) => void; usage: () => Usage | undefined } {
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    const tap = new UsageTap();
    return { push: (chunk) => tap.push(chunk), usage: () => tap.usage };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    push: (chunk) => {
      size += chunk.byteLength;
      if (size <= MAX_JSON) chunks.push(chunk);
    },
    usage: () => {
      try {
        return readMessageUsage(JSON.parse(Buffer.concat(chunks).toString()));
      } catch {
        return undefined;
      }
    },
  };
}
