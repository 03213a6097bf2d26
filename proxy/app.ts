import { type Context, Hono } from 'hono';
import { HttpError, observeRequests, readBounded } from '#lib/http';
import { continueFrom, correlate, type Logger, type Metrics, noMetrics, silentLogger } from '#lib/observe';
import { ProxyError, refused } from './error.ts';
import type { CheckFence } from './fence.ts';
import { type Forwarded, forward, type Settle, type Upstream } from './forward.ts';
import { Meter } from './meter.ts';
import { asked, modelSpan } from './span.ts';
import type { RecordUsage } from './usage.ts';
import type { Caller, Verify } from './verify.ts';

export interface ProxyDeps {
  readonly verify: Verify;
  readonly checkFence: CheckFence;
  readonly upstream: Upstream;
  /** Name of the provider in usage records. */
  readonly provider: string;
  readonly record: RecordUsage;
  /** Throws where the proxy could not record usage now. */
  readonly ready: () => Promise<void>;
  readonly logger?: Logger;
  /** Default none. */
  readonly metrics?: Metrics;
}

export interface Proxy {
  readonly app: Hono;
  /** Resolves when every answer that is under way has been read and its usage recorded. */
  idle(): Promise<void>;
}

const MAX_BODY = 33_554_432;

/**
 * The model gateway: a task's token in, the provider's key out, bytes verbatim both ways, every answer's usage recorded. A caller whose
 * claim has ended is refused with 409 `dead_fence`.
 */
export function createProxy(deps: ProxyDeps): Proxy {
  const logger = deps.logger ?? silentLogger;
  const running = new Set<Promise<void>>();
  const metrics = deps.metrics ?? noMetrics;
  const meter = new Meter(metrics);
  const app = new Hono();
  app.use(observeRequests(metrics));
  app.get('/', (c) => c.body(null));
  app.get('/healthz', (c) => c.text('ok'));
  app.get('/readyz', (c) => ready(c, deps, logger));
  app.post('/v1/messages', async (c) => {
    const { response, settled } = await meter.call(async () => {
      const caller = await deps.verify(tokenOf(c.req.raw.headers));
      correlate(caller.issue);
      continueFrom(c.req.header('traceparent'));
      await deps.checkFence(caller);
      return passedOn(c.req.raw, caller, deps, logger, meter);
    });
    running.add(settled);
    settled.finally(() => running.delete(settled));
    return response;
  });
  app.notFound((c) =>
    refused(
      c,
      new ProxyError('not_found_error', `The proxy serves POST /v1/messages, not ${c.req.method} ${c.req.path}.`),
    ),
  );
  app.onError((error, c) => refused(c, proxyError(error, logger)));
  return { app, idle: async () => void (await Promise.all(running)) };
}

function tokenOf(headers: Headers): string | undefined {
  return headers.get('x-api-key') ?? /^Bearer (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

async function passedOn(
  request: Request,
  caller: Caller,
  deps: ProxyDeps,
  logger: Logger,
  meter: Meter,
): Promise<Forwarded> {
  const started = performance.now();
  const body = await readBounded(request, MAX_BODY);
  const { search } = new URL(request.url);
  const span = modelSpan(deps.provider, deps.upstream.url, body);
  const settle: Settle = (usage, requestId) => {
    const { tokens, id } = usage;
    const wanted = asked(body).model;
    const model = usage.model ?? wanted;
    span.used(usage);
    meter.settled(model, tokens, (performance.now() - started) / 1_000);
    return deps.record({
      namespace: caller.namespace,
      task: caller.task,
      taskUid: caller.uid,
      agent: caller.agent,
      issue: caller.issue,
      model,
      asked: wanted,
      provider: deps.provider,
      tokens,
      requestId: requestId ?? id ?? 'unknown',
    });
  };
  const sent = { path: `/v1/messages${search}`, headers: request.headers, body };
  try {
    const forwarded = await forward(sent, deps.upstream, settle, logger);
    span.answered(forwarded.response.status);
    void forwarded.settled.then(() => span.end());
    return forwarded;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

async function ready(c: Context, deps: ProxyDeps, logger: Logger): Promise<Response> {
  try {
    await deps.ready();
    return c.text('ok');
  } catch (err) {
    logger.warn({ err }, 'not ready');
    return c.text('The database does not answer.', 503);
  }
}

function proxyError(error: Error, logger: Logger): ProxyError {
  if (error instanceof ProxyError) {
    if (error.code === 'unavailable' || error.code === 'upstream_unreachable')
      logger.warn({ err: error }, 'request refused');
    return error;
  }
  if (error instanceof HttpError && error.code === 'TooLarge')
    return new ProxyError('request_too_large', error.message);
  logger.error({ err: error }, 'request failed');
  return new ProxyError('api_error', 'The proxy failed to answer this request; its log has the cause.');
}
