import { Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { inScope, type Metrics, type MetricsRegistry } from '#lib/observe';
import { type Listening, listen } from './listen.ts';

/** Anybody may make methods up; each that is served keeps a name of its own. */
const METHODS = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);

/**
 * Serves `GET /metrics` alone, on a listener of its own: what it says is for whoever runs the program, and the program's own port is
 * open to agents and forges. It holds no secret and asks for none, so the address is one that only those reach who may read it.
 */
export function serveMetrics(
  metrics: MetricsRegistry,
  address: { readonly host?: string; readonly port?: number },
): Promise<Listening> {
  const app = new Hono();
  app.get('/metrics', async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }),
  );
  return listen(app, address);
}

/**
 * Gives every request a scope of its own, in which it can be correlated, and times it by its route as declared; put it before the
 * routes. `now` in ms, default performance.now.
 */
export function observeRequests(metrics: Metrics, now: () => number = () => performance.now()): MiddlewareHandler {
  return async (context, next) => {
    const started = now();
    await inScope(next);
    const matched = routePath(context, -1);
    const route = context.res.status === 404 && matched.includes('*') ? 'none' : matched;
    const status = `${Math.floor(context.res.status / 100)}xx`;
    metrics.observe(
      'rig_http_request_seconds',
      { route, method: METHODS.has(context.req.method) ? context.req.method : 'other', status },
      (now() - started) / 1_000,
    );
  };
}
