import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  DataDirError,
  deleteDataDir,
  initialState,
  isAlive,
  layoutOf,
  lockDataDir,
  openDataDir,
  processId,
  readState,
  reap,
  requireUp,
  writeState,
} from './index.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rig-datadir-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function sleeper(t: TestContext) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit'), id: processId(child.pid ?? 0) };
}

const code = (wanted: string) => (error: unknown) => error instanceof DataDirError && error.code === wanted;

test('a new data directory is private to its owner and can be opened again', (t) => {
  const root = join(folder(t), 'new');
  openDataDir(root);
  openDataDir(root);
  assert.equal(statSync(root).mode & 0o777, 0o700);
});

test('a directory with files that no rig wrote is neither used nor deleted', (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'thesis.txt'), 'years of work');
  assert.throws(() => openDataDir(root), code('NotOurs'));
  assert.throws(() => deleteDataDir(root), code('NotOurs'));
  assert.ok(existsSync(join(root, 'thesis.txt')));
});

test('the second lock on a data directory is refused and names the first’s process; a released one is free', (t) => {
  const layout = openDataDir(folder(t));
  const lock = lockDataDir(layout);
  assert.throws(() => lockDataDir(layout), new RegExp(`already up on .*process ${process.pid}.*rig down`));
  lock.release();
  lockDataDir(layout).release();
});

test('the lock of a process that was killed with SIGKILL is free at once', async (t) => {
  const layout = openDataDir(folder(t));
  const script = `import { layoutOf, lockDataDir } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
    lockDataDir(layoutOf(${JSON.stringify(layout.root)})); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  assert.throws(() => lockDataDir(layout), code('Held'));
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  lockDataDir(layout).release();
});

test('state is read back as written; one that this version did not write is refused with what to do', (t) => {
  const layout = openDataDir(folder(t));
  assert.equal(readState(layout), undefined);
  const state = { ...initialState(), ports: { forge: 20_000 } };
  writeState(layout, state);
  assert.deepEqual(readState(layout), state);
  writeFileSync(layout.state, '{"version":99}');
  assert.throws(() => readState(layout), /rig reset/);
});

test('a rig counts as up only while its very supervisor runs', (t) => {
  const layout = openDataDir(folder(t));
  const self = processId(process.pid);
  writeState(layout, { ...initialState(), supervisor: self ?? null });
  assert.equal(requireUp(layout).supervisor?.pid, process.pid);
  writeState(layout, { ...initialState(), supervisor: { pid: process.pid, startedAt: 'another boot' } });
  assert.throws(() => requireUp(layout), code('NotUp'));
});

test('a left-over process is ended; one that only has the same pid is not touched', async (t) => {
  const left = sleeper(t);
  const stranger = sleeper(t);
  assert.ok(left.id && stranger.id);
  const records = [
    { name: 'operator', ...left.id },
    { name: 'forge', pid: stranger.id.pid, startedAt: 'before the last boot' },
    { name: 'proxy', pid: 2 ** 22, startedAt: 'never' },
  ];
  const found = await reap(records);
  await left.ended;
  assert.deepEqual(
    found.map(({ name }) => name),
    ['operator'],
  );
  assert.ok(isAlive(stranger.id));
});

test('a left-over process that ignores SIGTERM is killed after the grace', async (t) => {
  const script = "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const ended = once(child, 'exit');
  const id = processId(child.pid ?? 0);
  assert.ok(id);
  await reap([{ name: 'deaf', ...id }], { graceMs: 200 });
  assert.deepEqual(await ended, [null, 'SIGKILL']);
});

test('deleting says whether there was a directory', (t) => {
  const root = join(folder(t), 'gone');
  openDataDir(root);
  assert.equal(deleteDataDir(root), true);
  assert.equal(deleteDataDir(root), false);
  assert.equal(existsSync(layoutOf(root).root), false);
});
