import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '../../hack/notice-receiver/verify.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import type { Sink } from './sinks.ts';

/** Of every test: 32 bytes. */
export const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;
/** What no log and no error may say. */
export const PATH = '/hooks/T0-secret-path';

/** How a receiver answers one request: a status, a status and headers, or no answer at all though it took it. */
export type Behaviour =
  | number
  | { readonly status: number; readonly headers: Record<string, string> }
  | 'silent'
  | 'cut';

export interface Received {
  readonly id: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly verified: boolean;
}

/** A real HTTP server that takes notices, answers as it is told and 204 else. */
export class Receiver {
  readonly received: Received[] = [];
  readonly next: Behaviour[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(t: { after(fn: () => unknown): void }): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const headers = request.headers as Record<string, string>;
      const id = headers['webhook-id'] ?? '';
      receiver.received.push({ id, path: request.url ?? '', headers, body, verified: verify(headers, body, SECRET) });
      const how = receiver.next.shift() ?? 204;
      if (how === 'silent') return;
      if (how === 'cut') return void response.destroy();
      const { status, headers: answered } = typeof how === 'number' ? { status: how, headers: {} } : how;
      response.writeHead(status, answered).end('no words of a receiver are read');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return receiver;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${PATH}`);
  }

  get ids(): string[] {
    return this.received.map(({ id }) => id);
  }

  /** As a sink of that name. */
  sink(name = 'ops', over: Partial<Sink> = {}): Sink {
    const secret = Buffer.from(SECRET.slice(6), 'base64');
    return { name, kind: 'webhook', url: this.url, secret, network: 'loopback', namespaces: null, ...over };
  }

  async holds(count: number): Promise<readonly Received[]> {
    await until(`${count} notices`, () => this.received.length >= count);
    return this.received;
  }
}
