import { type Context, Hono } from 'hono';
import { verifySignature } from '#lib/forge';
import { HttpError, InFlight, observeRequests, problemHandler, readBounded } from '#lib/http';
import type { Logger, Metrics } from '#lib/observe';

export interface AppDeps {
  /** What is missing before this replica serves, one sentence each. */
  readonly ready: () => readonly string[];
  /** The secret that signs what the forge tells the App; null where it tells nothing. Rejects where the App is not there. */
  readonly webhookSecret: () => Promise<string | null>;
  /** Something is said to have moved in a repository of the forge; `again` is a head whose check somebody wants anew. */
  readonly hint: (owner: string, name: string, again?: string) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** GitHub's own limit for a delivery. */
const MAX_BODY = 25 * 1024 * 1024;
/** Of all deliveries at one time: who signed one is known only when all of it is there, and anybody may send. */
const MAX_BODIES = 64 * 1024 * 1024;
const READ_WITHIN_MS = 10_000;

/**
 * `GET /healthz`, `GET /readyz`, and `POST /webhooks/github`, where the forge tells the verifier's App that something moved. Of a delivery nothing is
 * believed but which repository to look at now: what is there is read from the forge itself, and would be at the next look anyway.
 */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  app.use(observeRequests(deps.metrics));
  app.get('/healthz', (context) => context.text('ok'));
  app.get('/readyz', (context) => {
    const missing = deps.ready();
    return missing.length === 0 ? context.text('ok') : context.text(missing.join('\n'), 503);
  });
  const bodies = new InFlight(MAX_BODIES);
  app.post('/webhooks/github', async (context) => {
    const share = bodies.share();
    try {
      return await takeHint(deps, context, share);
    } finally {
      share.release();
    }
  });
  app.notFound((context) => context.text(`The verifier serves no ${context.req.method} ${context.req.path}.`, 404));
  app.onError(problemHandler(deps.logger));
  return app;
}

async function takeHint(
  { webhookSecret, hint }: AppDeps,
  context: Context,
  share: ReturnType<InFlight['share']>,
): Promise<Response> {
  const body = await readBounded(context.req.raw, MAX_BODY, { share, withinMs: READ_WITHIN_MS });
  const secret = await webhookSecret().catch(() => null);
  if (secret === null)
    throw new HttpError('NotFound', 'NoWebhook', "The verifier's App has no webhookSecret, so it takes no deliveries.");
  if (!verifySignature(secret, body, context.req.header('x-hub-signature-256')))
    throw new HttpError('Unauthenticated', 'BadSignature', 'The delivery is not signed with the secret of the App.');
  const said = hintIn(body);
  if (said !== null) hint(said.owner, said.name, said.again);
  return context.body(null, 202);
}

interface Delivery {
  readonly action?: unknown;
  readonly repository?: { readonly full_name?: unknown };
  readonly check_run?: { readonly head_sha?: unknown };
  readonly check_suite?: { readonly head_sha?: unknown };
}

function hintIn(body: Buffer): { owner: string; name: string; again?: string } | null {
  try {
    const { action, repository, check_run, check_suite } = JSON.parse(body.toString('utf8')) as Delivery;
    const [owner, name, ...more] = String(repository?.full_name ?? '').split('/');
    if (!owner || !name || more.length > 0) return null;
    const wanted = action === 'rerequested' ? (check_run ?? check_suite)?.head_sha : undefined;
    return { owner, name, ...(typeof wanted === 'string' ? { again: wanted } : {}) };
  } catch {
    return null;
  }
}
