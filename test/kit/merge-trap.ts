import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Stands between the conductor and the forge. */
export interface MergeTrap extends AsyncDisposable {
  readonly url: string;
  /** Host and port, as Secrets are annotated with. */
  readonly host: string;
  /** What the forge answered to each request to merge that reached it: HTTP statuses, in that order. */
  readonly merges: () => readonly number[];
}

/**
 * Forwards every request to `target`. When the forge has merged for the first time, `onMerged` is called and the answer is thrown away:
 * the caller never learns what became of its request.
 */
export async function startMergeTrap(target: string, onMerged: () => void): Promise<MergeTrap> {
  const merges: number[] = [];
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const answer = await forward(target, incoming);
    if (incoming.method === 'PUT' && /\/pulls\/\d+\/merge$/.test(incoming.url ?? '')) {
      merges.push(answer.status);
      if (merges.length === 1 && answer.status === 200) {
        onMerged();
        outgoing.destroy();
        return;
      }
    }
    const { 'content-encoding': _, 'content-length': __, ...headers } = Object.fromEntries(answer.headers);
    outgoing.writeHead(answer.status, headers).end(answer.body);
  };
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    merges: () => merges,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function forward(target: string, incoming: IncomingMessage) {
  const { host: _, connection: __, 'content-length': ___, ...headers } = incoming.headers;
  const body = await buffer(incoming);
  const response = await fetch(`${target}${incoming.url}`, {
    method: incoming.method!,
    headers: headers as Record<string, string>,
    body: body.length === 0 ? null : new Uint8Array(body),
    redirect: 'manual',
  });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}
