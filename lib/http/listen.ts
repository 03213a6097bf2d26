import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listening {
  readonly port: number;
  readonly url: string;
  readonly server: ServerType;
  /** Stops accepting, lets running requests end for at most `graceMs` (default 5,000), then cuts what is left. Safe to call twice. */
  close(graceMs?: number): Promise<void>;
}

/** Serves a Hono app over HTTP/1.1. Port 0 takes a free one; the default host is loopback. Rejects with the socket's error (EADDRINUSE). */
// biome-ignore lint/suspicious/noExplicitAny: Hono's environment type is invariant and of no interest here
export async function listen(app: Hono<any>, options: { port?: number; host?: string } = {}): Promise<Listening> {
  const host = options.host ?? '127.0.0.1';
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://${host}:${port}`, server, close: (graceMs = 5_000) => close(server, graceMs) };
}

async function close(server: ServerType, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  if ('closeIdleConnections' in server) server.closeIdleConnections();
  const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
