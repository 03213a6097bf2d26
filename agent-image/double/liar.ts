import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Said {
  readonly status: number;
  readonly body: Buffer;
}

/** What is done in place of one call; `honest` asks the true sandbox. */
export type Lie = (answer: ServerResponse, honest: () => Promise<Said>) => unknown;

/** A sandbox on `socket` that does as the one on `honest` does, but for the calls it lies about. */
export async function startLiar(socket: string, honest: string, lies: Readonly<Record<string, Lie>>) {
  const open = new Set<Socket>();
  const reply = async (asked: IncomingMessage, answer: ServerResponse): Promise<unknown> => {
    const call = asked.url?.slice('/v1/'.length) ?? '';
    const body = await buffer(asked);
    const truly = () => ask(honest, call, body);
    const lie = lies[call];
    if (lie !== undefined) return lie(answer, truly);
    const { status, body: said } = await truly();
    return answer.writeHead(status).end(said);
  };
  const server = createServer((asked, answer) => {
    answer.on('error', () => {});
    // Who asked may have hung up, and the true sandbox may have been stopped meanwhile.
    reply(asked, answer).catch(() => answer.destroy());
  });
  server.on('connection', (peer) => {
    open.add(peer);
    peer.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    close: () => {
      server.close();
      for (const peer of open) peer.destroy();
    },
  };
}

function ask(socketPath: string, call: string, body: Buffer): Promise<Said> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path: `/v1/${call}`, agent: false }, (answer: IncomingMessage) =>
      buffer(answer).then((said) => resolve({ status: answer.statusCode ?? 500, body: said }), reject),
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
