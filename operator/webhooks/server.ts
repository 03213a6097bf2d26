import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { HttpError, readJSON } from '#lib/http';
import type { Logger } from '#lib/observe';
import { adviceOn, type Surroundings } from './advice.ts';
import { followCertificate } from './certificate.ts';
import { admit, parseReview } from './review.ts';

export interface WebhookSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where `tls.crt` and `tls.key` are, or will be. */
  readonly certificateDir: string;
  /** How often they are looked at; default ten seconds. */
  readonly rereadMs?: number;
}

/** An object has at most 1.5 MiB, and may come twice. */
const MAX_BODY = 4 * 1_048_576;
const GRACE_MS = 2_000;

/** The admission webhook as a Hono app: `POST /admission/advice` admits everything, with warnings. */
export function createWebhooks(around: Surroundings, logger: Logger): Hono {
  const app = new Hono();
  app.post('/admission/advice', async (context) => {
    const asked = parseReview(await readJSON(context.req.raw, MAX_BODY));
    const { uid, kind, namespace, object } = asked;
    if (object === null) return context.json(admit(uid, []));
    const placed = { ...object, metadata: { ...object.metadata, namespace } };
    const said = await adviceOn(kind, placed, around).catch((err: unknown) => {
      logger.warn({ err, kind, namespace }, 'no advice could be given');
      return [];
    });
    return context.json(admit(uid, said));
  });
  app.onError((error, context) => {
    if (error instanceof HttpError) return context.text(error.message, 400);
    logger.error({ err: error }, 'webhook failed');
    return context.text('The webhook failed; the conductor’s log has the cause.', 500);
  });
  return app;
}

/** Serves the webhook over TLS, with the certificate as it is at the time; the returned function ends it. Rejects with the socket's error. */
export async function serveWebhooks(
  settings: WebhookSettings,
  around: Surroundings,
  logger: Logger,
): Promise<() => Promise<void>> {
  const server: Server = createServer({}, getRequestListener(createWebhooks(around, logger).fetch));
  const unfollow = await followCertificate(server, settings.certificateDir, logger, settings.rereadMs);
  server.listen(settings.listen.port, settings.listen.host);
  await once(server, 'listening');
  return async () => {
    unfollow();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await closed;
    clearTimeout(cut);
  };
}
