import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { ConductorError, type TaskCaller } from '#lib/conductor';
import type { Denial } from './denials.ts';
import { createEgress, type EgressDeps } from './egress.ts';

export const TOKEN = 'a.task.token';
const CALLER: TaskCaller = {
  namespace: 'team',
  task: 'i7-implement-1-1',
  uid: 'uid-7',
  fence: '1.7',
  agent: 'dev-e',
  issue: 'i7',
  token: TOKEN,
};

/** What the conductor says of the one task, and what time it is: a test changes it as it goes. */
export interface World {
  readonly url: string;
  readonly port: number;
  readonly told: Denial[];
  /** Names that were looked up, in order. */
  readonly looked: string[];
  allow: string[];
  conductor: 'live' | 'ended' | 'silent';
  addresses: Record<string, string[]>;
  at: number;
  tick(): Promise<void>;
  stop(): Promise<void>;
}

type Change = Partial<EgressDeps['settings']> &
  Partial<Pick<EgressDeps, 'firstRequestMs' | 'lookup' | 'verify' | 'logger' | 'metrics'>>;

/** A proxy on real sockets, whose names all lead to loopback, which it may reach. */
export async function openWorld(t: Pick<TestContext, 'after'>, change: Change = {}): Promise<World> {
  const { firstRequestMs, lookup, verify, logger, metrics, ...settings } = change;
  const told: Denial[] = [];
  const looked: string[] = [];
  const told_ = { allow: [] as string[], conductor: 'live' as World['conductor'], at: 0 };
  const addresses: Record<string, string[]> = {};
  const egress = createEgress({
    settings: {
      listen: { host: '127.0.0.1', port: 0 },
      allowRanges: ['127.0.0.1/32', '::1/128'],
      denyRanges: [],
      connections: 4,
      bytes: 1_048_576,
      idleMs: 60_000,
      connectMs: 2_000,
      graceMs: 1_000,
      ...settings,
    },
    verify:
      verify ??
      (async (token) => {
        if (token === TOKEN) return CALLER;
        throw new ConductorError('Unauthenticated', 'The task token is not valid for rig-egress.');
      }),
    allowed: async () => {
      if (told_.conductor === 'ended') throw new ConductorError('DeadFence', 'The claim of the task has ended.');
      if (told_.conductor === 'silent') throw new ConductorError('Unavailable', 'The conductor cannot be asked.');
      return { repository: 'widgets', allow: told_.allow };
    },
    write: async (denial) => void told.push(denial),
    ready: async () => {},
    lookup:
      lookup ??
      (async (host) => {
        looked.push(host);
        return (addresses[host] ?? ['127.0.0.1']).map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        }));
      }),
    now: () => told_.at,
    firstRequestMs,
    logger,
    metrics,
  });
  await egress.listen();
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= egress.stop());
  t.after(stop);
  const { url } = egress;
  const fixed = {
    url,
    port: Number(new URL(url).port),
    told,
    looked,
    addresses,
    tick: () => egress.watch.tick(),
    stop,
  };
  return Object.assign(told_, fixed);
}

/** A TCP server of a test; every connection is cut with it. */
export async function serve(t: Pick<TestContext, 'after'>, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Says back what it hears, and ends when the other side does. */
export const echo = () => createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));

export const AUTH = `Proxy-Authorization: Basic ${Buffer.from(`task:${TOKEN}`).toString('base64')}\r\n`;
export const connectTo = (authority: string, auth = AUTH) =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${auth}\r\n`;

/** A client that says its bytes and keeps what it hears. */
export class Client {
  readonly socket: Socket;
  heard = '';
  #changed = Promise.withResolvers<void>();
  ended = false;

  constructor({ port }: { port: number }, first = '') {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const changed = () => {
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers();
      resolve();
    };
    this.socket.on('data', (chunk) => {
      this.heard += chunk.toString('latin1');
      changed();
    });
    this.socket.on('error', () => {});
    for (const event of ['end', 'close'])
      this.socket.on(event, () => {
        this.ended = true;
        changed();
      });
    this.socket.write(first);
  }

  /** Resolves when what was heard matches; rejects when the other side ended without it. */
  async hears(what: RegExp): Promise<string> {
    while (!what.test(this.heard)) {
      if (this.ended) throw new Error(`ended without ${what}, heard: ${this.heard}`);
      await this.#changed.promise;
    }
    return this.heard;
  }

  /** Everything heard until the other side ended. */
  async toEnd(): Promise<string> {
    while (!this.ended) await this.#changed.promise;
    this.socket.destroy();
    return this.heard;
  }
}

/** The whole answer to one request. */
export const answerTo = (world: { port: number }, request: string) => new Client(world, request).toEnd();

/** Status and sentence of a refusal. */
export async function refusal(world: { port: number }, request: string): Promise<[number, string]> {
  const answer = await answerTo(world, request);
  return [Number(answer.split(' ')[1]), answer.split('\r\n\r\n')[1] ?? ''];
}
