import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A loopback port that nobody else can listen on. */
export interface HeldPort {
  readonly port: number;
  /** Resolves when the port is free, whoever called there meanwhile. */
  release(): Promise<void>;
}

/**
 * Takes a port of 127.0.0.1, any free one for 0; undefined where it is in use. Whoever calls is hung up on: the clients of a server that is being
 * started again call all the time, and one that was listened to would keep the port for ever.
 */
export async function holdPort(port: number): Promise<HeldPort | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  return {
    port: (server.address() as AddressInfo).port,
    release: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** Whether nobody listens on a port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  const held = await holdPort(port);
  await held?.release();
  return held !== undefined;
}
