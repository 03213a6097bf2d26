import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { processId } from '#lib/datadir';
import { until } from '../../kit/cluster-wait.ts';
import { familyOf, freeze, signalProcess } from './processes.ts';

const stateOf = (pid: number) => execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()[0];

test('a frozen process stands still with all that it started, and all of it goes on', async (t) => {
  const child = spawn('/bin/sh', ['-c', 'sleep 1000 & sleep 1000'], { stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  t.after(() => process.kill(-child.pid!, 'SIGKILL'));
  const id = processId(child.pid!)!;
  const family = await until('both of its children run', () => {
    const found = familyOf(id);
    return found.length === 3 ? found : undefined;
  });
  const states = () => family.map(({ pid }) => stateOf(pid));
  const thaw = freeze(id);
  await until('all stand still', () => states().every((state) => state === 'T'));
  thaw();
  await until('all go on', () => states().every((state) => state !== 'T'));
  assert.equal(signalProcess(id, 'SIGKILL'), true);
  await ended;
  assert.equal(signalProcess(id, 'SIGKILL'), false, 'a process that has ended gets no signal');
});
