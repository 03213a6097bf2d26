import { Agent, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type PrepareRequestFunctionResult, RequestError, Server } from 'proxy-chain';
import { type EgressTarget, plainTarget, tunnelTarget } from '#domain';
import type { Logger } from '#lib/observe';
import { EgressError } from './error.ts';
import type { Gate } from './gate.ts';
import { cleaned, tokenOf, valuesOf } from './headers.ts';
import { joinSockets } from './tunnel.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly gate: Gate;
  /** Called for each request that names no target; the gate does not see those. */
  readonly onBadTarget: () => void;
  /** Throws where refusals could not be recorded now. */
  readonly ready: () => Promise<void>;
  readonly logger: Logger;
  /** A connection whose first request is not whole by then is cut; ms. Default 10,000. */
  readonly firstRequestMs?: number;
}

const MAX_CLIENTS = 4_096;
const FIRST_REQUEST_MS = 10_000;
/** Connections of one address that have asked for nothing yet. Nobody has shown a token on them, so no task's share holds them. */
export const MAX_AWAITED = 256;

/** The proxy itself: reads requests, asks the gate, joins what it opens. Origin-form requests are the probes'. */
export class EgressServer extends Server {
  readonly #gate: Gate;
  readonly #ready: () => Promise<void>;
  readonly #logger: Logger;
  readonly #onBadTarget: () => void;
  readonly #tokens = new WeakMap<IncomingMessage, string>();
  readonly #targets = new WeakMap<IncomingMessage, EgressTarget>();
  /** How each connection stops being awaited. */
  readonly #awaited = new WeakMap<Duplex, () => void>();
  readonly #awaitedOf = new Map<string, number>();
  #closing = false;

  constructor(options: ServerOptions) {
    const { host, port, gate, ready, logger, onBadTarget, firstRequestMs = FIRST_REQUEST_MS } = options;
    super({ host, port, authRealm: 'rig-egress', prepareRequestFunction: ({ request }) => this.#prepare(request) });
    this.#gate = gate;
    this.#ready = ready;
    this.#logger = logger;
    this.#onBadTarget = onBadTarget;
    this.server.maxConnections = MAX_CLIENTS;
    this.server.on('connection', (socket: Socket) => this.#await(socket, firstRequestMs));
    this.on('requestFailed', ({ error }) => logger.error({ err: error }, 'request failed'));
  }

  override async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#awaited.get(request.socket)?.();
    if (request.url?.startsWith('/')) return this.#probe(request.url, response);
    if (this.#take(request)) await super.onRequest(request, response);
  }

  override async onConnect(request: IncomingMessage, socket: Parameters<Server['onConnect']>[1], head: Buffer) {
    this.#awaited.get(socket)?.();
    if (this.#take(request)) await super.onConnect(request, socket, head);
  }

  /** Accepts nothing more, lets what is open end for at most `graceMs`, then cuts it. */
  async drain(graceMs: number): Promise<void> {
    this.#closing = true;
    const cut = setTimeout(() => this.closeConnections(), graceMs);
    const { server } = this;
    const closed = this.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(cut);
  }

  /** A client that connects and asks for nothing, or only byte by byte, does not keep its connection, nor take those of others. */
  #await(socket: Socket, withinMs: number): void {
    const from = socket.remoteAddress ?? '';
    const others = this.#awaitedOf.get(from) ?? 0;
    if (others >= MAX_AWAITED) return void socket.destroy();
    this.#awaitedOf.set(from, others + 1);
    const timer = setTimeout(() => socket.destroy(), withinMs);
    const settle = () => {
      clearTimeout(timer);
      if (!this.#awaited.delete(socket)) return;
      const left = (this.#awaitedOf.get(from) ?? 1) - 1;
      if (left === 0) this.#awaitedOf.delete(from);
      else this.#awaitedOf.set(from, left);
    };
    this.#awaited.set(socket, settle);
    socket.once('close', settle);
  }

  /** Takes the token out of the request, and every header that is for this hop alone. False where it names no target: it is answered. */
  #take(request: IncomingMessage): boolean {
    const token = tokenOf(request.headers['proxy-authorization']);
    if (token !== undefined) this.#tokens.set(request, token);
    request.rawHeaders = cleaned(request.rawHeaders);
    delete request.headers['proxy-authorization'];
    const target = targetOf(request);
    if (typeof target !== 'string') {
      this.#targets.set(request, target);
      return true;
    }
    this.#onBadTarget();
    const { status, message } = new EgressError('BadTarget', target);
    this.failRequest(request, new RequestError(message, status));
    return false;
  }

  async #prepare(request: IncomingMessage): Promise<PrepareRequestFunctionResult> {
    try {
      const target = this.#targets.get(request) as EgressTarget;
      const socket = await this.#gate(this.#tokens.get(request), target, request.socket);
      return target.plain ? { httpAgent: agentOver(socket) } : { customConnectServer: tunnelTo(socket) };
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      if (error.code === 'Unavailable') this.#logger.warn({ err: error }, 'request refused');
      throw new RequestError(error.message, error.status);
    }
  }

  async #probe(path: string, response: ServerResponse): Promise<void> {
    const says =
      path === '/healthz' ? undefined : path === '/readyz' ? await this.#notReady() : 'There is no such page.';
    response.writeHead(says === undefined ? 200 : path === '/readyz' ? 503 : 404, { 'content-type': 'text/plain' });
    response.end(says ?? 'ok');
  }

  async #notReady(): Promise<string | undefined> {
    if (this.#closing) return 'The proxy is stopping.';
    return this.#ready().then(
      () => undefined,
      (err: unknown) => {
        this.#logger.warn({ err }, 'not ready');
        return 'The database does not answer.';
      },
    );
  }
}

/** The target, or why there is none: also where the Host header names another host than the request line, which no honest client sends. */
function targetOf(request: IncomingMessage): EgressTarget | string {
  const url = request.url ?? '';
  const tunnel = request.method === 'CONNECT';
  const target = tunnel ? tunnelTarget(url) : plainTarget(url);
  if (target === null) return 'The request names no host that can be connected to: write host:port, without a user.';
  if (tunnel) return target;
  const hosts = valuesOf(request.rawHeaders, 'host');
  const named = plainTarget(`http://${hosts[0] ?? ''}/`);
  return hosts.length === 1 && named?.host === target.host && named.port === target.port
    ? target
    : 'The Host header names another host than the request line; send the same.';
}

/** Stands in for the server that a tunnel is handed to. */
function tunnelTo(socket: Socket): HttpServer {
  const emit = (_event: string, client: Socket) => {
    joinSockets(client, socket);
    return true;
  };
  return { emit } as unknown as HttpServer;
}

/** An agent for one request, over a connection that is open already. */
function agentOver(socket: Socket): Agent {
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => socket;
  return agent;
}
