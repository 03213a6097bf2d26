import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyOf, rssMiB } from './memory.ts';

const line = (pid: number, parent: number, rssKiB = 1024) => ({ pid, parent, rssKiB });
const root = { pid: 10, name: 'start' };
const pidsOf = (families: ReturnType<typeof familyOf>) =>
  Object.fromEntries([...families].map(([name, family]) => [name, family.map(({ pid }) => pid)]));

test('a process counts under its nearest named ancestor', () => {
  const all = [line(10, 1), line(11, 10), line(12, 11), line(13, 12), line(14, 11)];
  const names = new Map([
    [11, 'supervisor'],
    [12, 'postgres'],
  ]);
  assert.deepEqual(pidsOf(familyOf(all, root, names)), { start: [10], supervisor: [11, 14], postgres: [12, 13] });
});

test('processes of others are no part of it, whatever they are called', () => {
  const all = [line(10, 1), line(20, 1), line(21, 20)];
  assert.deepEqual(pidsOf(familyOf(all, root, new Map([[20, 'postgres']]))), { start: [10] });
});

test('the memory of a family is the sum of its processes in MiB', () => {
  assert.equal(rssMiB([line(1, 0, 2048), line(2, 1, 512)]), 2.5);
});
