import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gitEnvironment } from './run.ts';

const MAX_HEADER_BYTES = 65_536;

export interface BackendRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** The bare repository and the path behind it, as in `/info/refs`. */
  readonly gitDir: string;
  readonly path: string;
  readonly query: string;
  readonly user: string;
  /** More environment for git, as hooks see it too. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs once git has ended and before the answer does: what a client sees finished has then been told. Must not reject. */
  readonly beforeEnd?: () => Promise<void>;
}

/**
 * Runs `git http-backend` as CGI for one request and streams both ways. Resolves when git has ended, whether or not the client stayed:
 * what git did to the refs is then final. Never rejects; a backend that cannot start is answered with 500.
 */
export function serveGit(request: BackendRequest): Promise<void> {
  const { incoming, outgoing } = request;
  const { promise, resolve } = Promise.withResolvers<void>();
  const child = spawn('git', ['http-backend'], { env: cgiEnvironment(request), stdio: ['pipe', 'pipe', 'ignore'] });
  let header: Buffer | null = Buffer.alloc(0);
  child.on('error', () => {
    fail(outgoing);
    resolve();
  });
  child.stdin.on('error', () => incoming.unpipe(child.stdin));
  incoming.on('error', () => child.stdin.destroy());
  incoming.on('aborted', () => child.stdin.destroy());
  incoming.pipe(child.stdin);
  // A client that went away must not stall git in the middle of a push: its output is then read and dropped.
  outgoing.on('close', () => child.stdout.resume());
  outgoing.on('drain', () => child.stdout.resume());
  child.stdout.on('data', (chunk: Buffer) => {
    if (header === null) return forward(outgoing, child.stdout, chunk);
    header = Buffer.concat([header, chunk]);
    const end = header.indexOf('\r\n\r\n');
    if (end < 0 && header.length <= MAX_HEADER_BYTES) return;
    const rest = header.subarray(end + 4);
    if (end < 0) fail(outgoing);
    else writeHead(outgoing, header.subarray(0, end).toString());
    header = null;
    if (end >= 0 && rest.length > 0) forward(outgoing, child.stdout, rest);
  });
  child.on('close', async () => {
    await request.beforeEnd?.();
    if (header !== null) fail(outgoing);
    else outgoing.end();
    resolve();
  });
  return promise;
}

function cgiEnvironment({ incoming, gitDir, path, query, user, env }: BackendRequest): Record<string, string> {
  const { headers } = incoming;
  const length = headers['content-length'];
  const encoding = headers['content-encoding'];
  const protocol = headers['git-protocol'];
  return gitEnvironment({
    GIT_PROJECT_ROOT: gitDir,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: path,
    QUERY_STRING: query,
    REQUEST_METHOD: incoming.method ?? 'GET',
    CONTENT_TYPE: headers['content-type'] ?? '',
    REMOTE_USER: user,
    REMOTE_ADDR: '127.0.0.1',
    ...(length === undefined ? {} : { CONTENT_LENGTH: length }),
    ...(encoding === undefined ? {} : { HTTP_CONTENT_ENCODING: encoding }),
    ...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
    ...env,
  });
}

function writeHead(outgoing: ServerResponse, text: string): void {
  let status = 200;
  const headers: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (name !== '') headers[name] = value;
  }
  if (!outgoing.headersSent && !outgoing.destroyed) outgoing.writeHead(status, headers);
}

function forward(outgoing: ServerResponse, source: NodeJS.ReadableStream, chunk: Buffer): void {
  if (outgoing.destroyed) return;
  if (!outgoing.write(chunk)) source.pause();
}

function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.writeHead(500, { 'content-type': 'text/plain' });
  outgoing.end('git http-backend gave no answer\n');
}
