import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from '#lib/observe';
import { listenOnSocket, near } from '../../socket/index.ts';
import { sandboxApp } from './app.ts';
import { type Relay, startRelay } from './relay.ts';
import { placeOf, type SandboxSettings } from './settings.ts';

const MAX_CONNECTIONS = 32;

export interface RunningSandbox {
  /** Stops listening and ends what runs. */
  close(): Promise<void>;
}

/** Serves the sandbox's calls on its socket, and a way out for what runs in it on a loopback port. */
export async function startSandbox(
  settings: SandboxSettings,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<RunningSandbox> {
  const relay = await startRelay(near(settings.egressSocket));
  const server = await serve(settings, relay, env, logger).catch((error) => {
    relay.close();
    throw error;
  });
  return {
    close: async () => {
      relay.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  settings: SandboxSettings,
  { port }: Relay,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<Server> {
  const place = await placeOf(settings, port, env);
  const server = createAdaptorServer({ fetch: sandboxApp(place, logger).fetch }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  await listenOnSocket(server, near(settings.socket));
  return server;
}
