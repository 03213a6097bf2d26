import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { git } from './index.ts';

test('git is over when its time is, also where what it started waits for a forge that says nothing', {
  timeout: 30_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'git-time-'));
  const open: Socket[] = [];
  const forge = createServer((socket) => void open.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of open) socket.destroy();
    forge.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await once(forge, 'listening');
  await git(['init', '--quiet', '--bare'], { cwd: folder });
  const url = `http://127.0.0.1:${(forge.address() as AddressInfo).port}/x.git`;
  const asked = once(forge, 'connection');
  const over = assert.rejects(git(['fetch', '--quiet', url, 'main'], { cwd: folder, timeoutMs: 5_000 }), {
    name: 'GitError',
  });
  await Promise.all([asked, over]);
  // Whatever it started waits still.
  assert.deepEqual(
    open.map(({ closed }) => closed),
    [false],
  );
});
