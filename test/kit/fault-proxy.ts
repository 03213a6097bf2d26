import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { request } from 'undici';
import { stringify } from 'yaml';
import { type ClusterConfig, loadKubeConfig } from '#lib/kube';

/** What happens to a request instead of an answer of the API server. */
export interface Fault {
  /** Only requests whose `METHOD /path?query` matches. */
  match: RegExp;
  /** How many of them; default 1. */
  times?: number;
  /** The answer's status. For a watch, `inStream` sends 200 and the status as an ERROR event. */
  status?: number;
  reason?: string;
  retryAfterSeconds?: number;
  inStream?: boolean;
  /** Break the connection, before the answer. */
  reset?: boolean;
}

/** Stands between a client and the real API server, speaking plain HTTP to the client and with the administrator's credentials to the server. */
export interface FaultProxy extends AsyncDisposable {
  /** A kubeconfig that leads through the proxy. */
  readonly kubeconfigPath: string;
  readonly url: string;
  /** Every request so far, as `METHOD /path?query`. */
  readonly requests: string[];
  /** TCP connections accepted so far. */
  connections(): number;
  /** Answers of the API server that are flowing now: a watch is one from its first byte to its end. */
  flowing(): number;
  inject(...faults: Fault[]): void;
  clearFaults(): void;
  /** Breaks every connection with RST. */
  resetAll(): void;
  /** From now on nothing is forwarded, neither way, and no connection closes: what a half-open connection looks like. */
  stall(): void;
  /** Ends a stall for new requests; what was stalled stays dead. */
  resume(): void;
  close(): Promise<void>;
}

interface State {
  upstream: ClusterConfig;
  requests: string[];
  faults: (Fault & { times: number })[];
  stalled: boolean;
  streams: Set<Readable>;
}

/** Starts a proxy in front of the API server that `kubeconfigPath` names, on a free loopback port. */
export async function startFaultProxy(kubeconfigPath: string): Promise<FaultProxy> {
  const upstream = loadKubeConfig({ path: kubeconfigPath });
  const state: State = { upstream, requests: [], faults: [], stalled: false, streams: new Set() };
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((incoming, outgoing) => {
    serve(state, incoming, outgoing).catch((error: Error) => {
      console.error(`fault proxy: ${incoming.method} ${incoming.url}: ${error.message}`);
      outgoing.destroy();
    });
  });
  server.on('connection', (socket) => {
    accepted++;
    track(sockets, socket);
  });
  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  const file = await writeKubeconfig(url);
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    for (const stream of state.streams) stream.destroy();
    await new Promise((resolve) => server.close(resolve));
    await upstream.close();
    await rm(join(file, '..'), { recursive: true, force: true });
  };
  return {
    kubeconfigPath: file,
    url,
    requests: state.requests,
    connections: () => accepted,
    flowing: () => state.streams.size,
    inject: (...faults) => void state.faults.push(...faults.map((fault) => ({ times: 1, ...fault }))),
    clearFaults: () => void state.faults.splice(0),
    resetAll: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stall: () => {
      state.stalled = true;
      for (const stream of state.streams) stream.pause();
    },
    resume: () => {
      state.stalled = false;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function serve(state: State, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const line = `${incoming.method} ${incoming.url}`;
  state.requests.push(line);
  if (state.stalled) return;
  const fault = state.faults.find(({ match, times }) => times > 0 && match.test(line));
  if (fault !== undefined) {
    fault.times--;
    answerFault(fault, outgoing);
    return;
  }
  const { headers, dispatcher } = await state.upstream.authorize();
  const { host: _, connection: __, ...passed } = incoming.headers;
  const answer = await request(`${state.upstream.server}${incoming.url}`, {
    method: incoming.method as 'GET',
    headers: { ...passed, ...headers },
    body: incoming.method === 'GET' ? undefined : incoming,
    dispatcher,
  });
  if (state.stalled) return;
  const { 'transfer-encoding': ___, ...answerHeaders } = answer.headers;
  outgoing.writeHead(answer.statusCode, answerHeaders);
  outgoing.flushHeaders();
  state.streams.add(answer.body);
  answer.body.on('error', () => outgoing.destroy()).on('close', () => state.streams.delete(answer.body));
  outgoing.on('close', () => answer.body.destroy());
  answer.body.pipe(outgoing);
}

function answerFault(fault: Fault, outgoing: ServerResponse): void {
  if (fault.reset) {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  const code = fault.status ?? 500;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'injected',
    reason: fault.reason,
    code,
  };
  const retryAfter = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  outgoing.writeHead(fault.inStream ? 200 : code, { 'content-type': 'application/json', ...retryAfter });
  outgoing.end(
    JSON.stringify(fault.inStream ? { type: 'ERROR', object: status } : status) + (fault.inStream ? '\n' : ''),
  );
}

/** A TCP tunnel to the API server, so that TLS connections can be counted and broken. */
export interface Tunnel extends AsyncDisposable {
  readonly port: number;
  connections(): number;
  resetAll(): void;
}

/** Starts a tunnel to `serverURL` on a free loopback port. */
export async function startTunnel(serverURL: string): Promise<Tunnel> {
  const target = new URL(serverURL);
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createTcpServer((client) => {
    accepted++;
    const upstream = connect(Number(target.port), target.hostname);
    track(sockets, client);
    track(sockets, upstream);
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const port = await listen(server);
  return {
    port,
    connections: () => accepted,
    resetAll: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function writeKubeconfig(server: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'rig-fault-proxy-')), 'kubeconfig');
  const name = 'proxy';
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  await writeFile(file, stringify(content));
  return file;
}
