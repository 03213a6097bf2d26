import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { request as requestTLS } from 'node:https';
import type { Socket } from 'node:net';
import { listenOnSocket } from '../socket/index.ts';

export interface EgressOptions {
  /** Path of the Unix socket that the sandbox's relay leads to. */
  readonly socket: string;
  /** The egress proxy; undefined where this task may go nowhere. */
  readonly url: string | undefined;
  /** Asked for each connection, so that a renewed one is picked up. It goes to `url` alone. */
  readonly token: () => string;
}

export interface Egress {
  close(): void;
}

const NO_WAY_OUT = 'This task has no way out: nothing is configured that it could go out by.\n';
const NOT_A_PROXY_REQUEST = 'This is a proxy: send CONNECT host:port, or a request for an absolute http:// URL.\n';
const UNREACHABLE = 'The way out cannot be reached now.\n';
/** TRACE would send the token back to who must not see it. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Headers of one hop; the rest of a request is nobody's business here. */
const HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'max-forwards',
]);
const AUTHORITY = /^[A-Za-z0-9.-]{1,253}:\d{1,5}$|^\[[0-9A-Fa-f:.]{2,45}\]:\d{1,5}$/;
const MAX_CONNECTIONS = 128;
const CONNECT_MS = 30_000;

/**
 * The task's only way out of the sandbox: takes what an HTTP client says to a proxy, and says it to the egress proxy with the task's
 * token, which the sandbox never sees. Who may be reached, is decided there. Without a proxy everything is answered 403.
 */
export async function startEgress(options: EgressOptions): Promise<Egress> {
  const sockets = new Set<Socket>();
  const server = createServer((asked, answer) => forward(options, asked, answer));
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (asked: IncomingMessage, socket: Socket, head: Buffer) => tunnel(options, asked, socket, head));
  server.on('upgrade', (_, socket: Socket) => refuse(socket, 501, NOT_A_PROXY_REQUEST));
  await listenOnSocket(server as Server, options.socket);
  return {
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function tunnel(options: EgressOptions, { url: target = '' }: IncomingMessage, near: Socket, head: Buffer) {
  if (!AUTHORITY.test(target)) return refuse(near, 400, NOT_A_PROXY_REQUEST);
  const proxy = way(options);
  if (proxy === undefined) return refuse(near, 403, NO_WAY_OUT);
  const sent = proxy.request({
    ...proxy.to,
    method: 'CONNECT',
    path: target,
    headers: { ...proxy.headers, host: target },
  });
  sent.setTimeout(CONNECT_MS, () => sent.destroy(new Error('timeout')));
  sent.once('error', () => refuse(near, 502, UNREACHABLE));
  sent.once('connect', (answer, far: Socket, rest) => {
    sent.setTimeout(0);
    far.setTimeout(0);
    near.write(headOf(answer));
    if (rest.length > 0) near.write(rest);
    if (head.length > 0) far.write(head);
    join(near, far);
  });
  near.once('close', () => sent.destroy());
  sent.end();
}

function forward(options: EgressOptions, asked: IncomingMessage, answer: ServerResponse) {
  const target = URL.parse(asked.url ?? '');
  if (target?.protocol !== 'http:' || !METHODS.has(asked.method ?? '')) return say(answer, 400, NOT_A_PROXY_REQUEST);
  const proxy = way(options);
  if (proxy === undefined) return say(answer, 403, NO_WAY_OUT);
  const headers = { ...passed(asked), ...proxy.headers, connection: 'close' };
  const sent = proxy.request({ ...proxy.to, method: asked.method as string, path: target.href, headers });
  sent.setTimeout(CONNECT_MS, () => sent.destroy(new Error('timeout')));
  sent.once('error', () => (answer.headersSent ? answer.destroy() : say(answer, 502, UNREACHABLE)));
  sent.once('response', (received) => {
    answer.writeHead(received.statusCode ?? 502, passed(received));
    received.on('error', () => answer.destroy());
    received.pipe(answer);
  });
  answer.once('close', () => sent.destroy());
  asked.pipe(sent);
}

function way({ url, token }: EgressOptions) {
  if (url === undefined) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    request: secure ? requestTLS : request,
    to: { host, port: port === '' ? (secure ? 443 : 80) : Number(port), agent: false } as const,
    headers: { 'proxy-authorization': `Bearer ${token()}` },
  };
}

function passed({ headers }: IncomingMessage): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOP.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

/** The proxy's answer as it came, so that its words for a refusal reach who asked. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function join(near: Socket, far: Socket): void {
  for (const [mine, other] of [
    [near, far],
    [far, near],
  ] as const) {
    mine.on('error', () => other.destroy());
    mine.on('close', () => other.destroySoon());
    mine.pipe(other);
  }
}

function refuse(socket: Socket, status: number, why: string): void {
  if (!socket.writable) return;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\nConnection: close\r\n\r\n${why}`,
  );
}

function say(answer: ServerResponse, status: number, why: string): void {
  const headers = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(why), connection: 'close' };
  answer.writeHead(status, headers).end(why);
}
