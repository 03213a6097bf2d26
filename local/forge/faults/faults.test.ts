import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type FaultRow, Store } from '../store/index.ts';
import { chance } from './chance.ts';
import { Faults } from './faults.ts';
import { withoutRecent } from './stale.ts';

const dirs: string[] = [];
after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true });
});

function openFaults(...rows: Partial<FaultRow>[]): Faults {
  const dir = mkdtempSync(join(tmpdir(), 'rig-faults-'));
  dirs.push(dir);
  const store = new Store(dir);
  const fields = { login: null, skip: 0, times: 1, probability: 1, seed: 1, seen: 0, status: 500, delayMs: 0 };
  for (const row of rows) {
    const rest = { retryAfterSeconds: null, ageSeconds: 0, operation: '*', kind: 'status' as const };
    store.faults.insert({ ...fields, ...rest, ...row });
  }
  return new Faults(store);
}

const OPERATION = 'POST /repos/{owner}/{repo}/pulls';
const counts = (faults: Faults, asked: number, login?: string) =>
  Array.from({ length: asked }, () => faults.take(OPERATION, login).length);

test('a fault happens to as many requests as it was asked for, after those it leaves alone', () => {
  assert.deepEqual(counts(openFaults({ times: 2, skip: 1 }), 5), [0, 1, 1, 0, 0]);
  assert.deepEqual(counts(openFaults({ times: null }), 3), [1, 1, 1]);
});

test('a fault fits its operation, in whole or by stars, and its login in any case of letters', () => {
  const fits = (operation: string) => openFaults({ operation }).take(OPERATION, 'dev').length === 1;
  for (const operation of [OPERATION, '*', 'POST *', '*/pulls', 'POST *repo}*', 'POST */{owner}*/pulls']) {
    assert.ok(fits(operation), operation);
  }
  for (const operation of ['GET *', 'POST /repos/{owner}/{repo}/pull', '*/pulls/*', 'POST *pulls*pulls']) {
    assert.ok(!fits(operation), operation);
  }
  assert.deepEqual(counts(openFaults({ login: 'Dev' }), 1, 'dev'), [1]);
  assert.deepEqual(counts(openFaults({ login: 'Dev' }), 1, undefined), [0]);
});

test('the same seed decides the same, another one otherwise, about as often as it says', () => {
  const half = (seed: number) => counts(openFaults({ times: null, probability: 0.5, seed }), 200).join('');
  assert.equal(half(7), half(7));
  assert.notEqual(half(7), half(8));
  const happened = [...half(7)].filter((each) => each === '1').length;
  assert.ok(happened > 70 && happened < 130, String(happened));
  assert.ok(chance(1, 'a') >= 0 && chance(1, 'a') < 1);
});

test('a stale list lacks what is younger than the time, also inside an object with a count', () => {
  const items = [
    { created_at: '2026-01-01T00:00:00Z' },
    { created_at: '2026-01-03T00:00:00Z' },
    { submitted_at: '2026-01-04T00:00:00Z' },
  ];
  const since = '2026-01-02T00:00:00Z';
  assert.deepEqual(withoutRecent(items, since), items.slice(0, 1));
  assert.deepEqual(withoutRecent({ total_count: 3, runs: items }, since), { total_count: 3, runs: items.slice(0, 1) });
  const one = { created_at: '2026-01-03T00:00:00Z', labels: items };
  assert.deepEqual(withoutRecent(one, since), one);
});
