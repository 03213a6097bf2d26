import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { serveCertificates } from '#lib/authority';
import type { Logger } from '#lib/observe';

export interface AdmissionServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where `tls.crt` and `tls.key` of the authority are, or will be, that certificates are issued by. */
  readonly authorityDir: string;
  /** Names or addresses by which the API server calls it. */
  readonly hosts: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How often the authority is looked at; default ten seconds. */
  readonly lookEveryMs?: number;
}

const GRACE_MS = 2_000;

/** Serves the routes of admission over TLS. Without an authority every handshake fails, so whatever asks is refused. Rejects with the socket's error. */
export async function serveAdmission(
  { listen, authorityDir, ...settings }: AdmissionServerSettings,
  app: Hono,
  logger: Logger,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({}, getRequestListener(app.fetch));
  // Kept open between questions: a handshake costs more than an answer.
  server.keepAliveTimeout = 120_000;
  const end = await serveCertificates(server, { ...settings, directory: authorityDir, logger });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  const close = async () => {
    end();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await closed;
    clearTimeout(cut);
  };
  return { port: (server.address() as AddressInfo).port, close };
}
