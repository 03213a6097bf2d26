import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const MAX_CONNECTIONS = 128;

export interface Relay {
  readonly port: number;
  close(): void;
}

/** Carries every connection to a loopback port on to the Unix socket `target`, byte for byte. It knows no credential. */
export async function startRelay(target: string): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path: target, allowHalfOpen: true });
    for (const [mine, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(mine);
      mine.on('error', () => other.destroy());
      mine.on('close', () => {
        open.delete(mine);
        other.destroySoon();
      });
      mine.pipe(other);
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
