import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GitServer {
  readonly url: string;
  /** Decides before git is asked; an answer of undefined lets the call through. */
  refuse: (request: {
    path: string;
    authorization: string | undefined;
  }) => { status: number; body: string } | undefined;
  readonly seen: { path: string; authorization: string | undefined }[];
  close(): Promise<void>;
}

/** Serves the bare repositories below `root` over git's smart HTTP protocol with the real `git http-backend`. */
export async function serveGit(root: string): Promise<GitServer> {
  const state: Pick<GitServer, 'refuse' | 'seen'> = { refuse: () => undefined, seen: [] };
  const server = createServer((request, response) => {
    const asked = { path: request.url ?? '/', authorization: request.headers.authorization };
    state.seen.push(asked);
    const refused = state.refuse(asked);
    if (refused) response.writeHead(refused.status, { 'content-type': 'text/plain' }).end(refused.body);
    else backend(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
}

function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
      REMOTE_USER: 'task',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => answer(Buffer.concat(chunks), response));
}

function answer(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  let status = 200;
  for (const line of output.subarray(0, end).toString().split('\r\n')) {
    const [name = '', value = ''] = line.split(/:\s*(.*)/);
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (name !== '') response.setHeader(name, value);
  }
  response.writeHead(status).end(output.subarray(end + 4));
}
