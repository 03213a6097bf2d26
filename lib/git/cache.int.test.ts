import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { GitCache } from './index.ts';

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'git-cache-'));
  run('init', '--quiet', '--initial-branch=main', 'remote');
  // A repository is files to git's older protocol.
  server = createServer(({ url = '' }, response) => {
    const file = createReadStream(join(folder, 'remote', '.git', new URL(url, 'http://forge.test').pathname));
    file.on('error', () => response.writeHead(404).end()).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): string {
  const who = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com'];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

/** The next commit on the remote's branch. */
function commit(): string {
  run('-C', 'remote', 'commit', '--quiet', '--allow-empty', '--message=Go on');
  run('-C', 'remote', 'update-server-info');
  return run('-C', 'remote', 'rev-parse', 'HEAD');
}

const remote = () => ({
  host: 'forge.test',
  id: 7,
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  authorization: { origin: 'http://forge.test', headerName: 'authorization', headerValue: 'none' },
});

/** What a git leaves that is killed while it writes. */
function leaveLocked(...names: string[]): void {
  for (const name of names) writeFileSync(join(folder, 'cache', 'forge.test', '7.git', name), '');
}

test('a copy in which a git was killed is brought up to date all the same', async () => {
  const cache = new GitCache(join(folder, 'cache'));
  commit();
  await cache.refresh(remote(), ['main']);
  leaveLocked('refs/heads/main.lock', 'packed-refs.lock', 'shallow.lock');
  const newest = commit();
  assert.deepEqual([...(await cache.refresh(remote(), ['main']))], [['main', newest]]);
  assert.equal(run('--git-dir=cache/forge.test/7.git', 'rev-parse', 'refs/heads/main'), newest);
});

test('what a process before this one left locked is opened', async () => {
  commit();
  await new GitCache(join(folder, 'cache')).refresh(remote(), ['main']);
  leaveLocked('config.lock', 'HEAD.lock', 'refs/heads/main.lock');
  const newest = commit();
  const cache = new GitCache(join(folder, 'cache'));
  assert.deepEqual([...(await cache.refresh(remote(), ['main']))], [['main', newest]]);
});

test('a fetch that fails without a lock fails', async () => {
  const cache = new GitCache(join(folder, 'cache'));
  commit();
  await cache.refresh(remote(), ['main']);
  commit();
  rmSync(join(folder, 'remote', '.git', 'objects'), { recursive: true });
  await assert.rejects(cache.refresh(remote(), ['main']), { name: 'GitError' });
});
