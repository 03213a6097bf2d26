import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergeTurns } from './turns.ts';

/** Turns on a clock that moves while they are waited for; `taken` counts them. */
function turns() {
  let now = 0;
  let taken = 0;
  const merges = new MergeTurns(() => now);
  const take = (subject: string, waitMs: number) =>
    merges.take(subject, async () => {
      taken += 1;
      now += waitMs;
    });
  return { take, later: (ms: number) => (now += ms), taken: () => taken };
}

test('a turn to merge that comes within two seconds is there at once', async () => {
  const { take, taken } = turns();
  assert.deepEqual([await take('one', 2_000), await take('one', 0), taken()], [true, true, 2]);
});

test('a turn to merge that came late is kept for the next call of its subject, once, and of no other', async () => {
  const { take, taken } = turns();
  assert.equal(await take('one', 30_000), false);
  assert.deepEqual([await take('two', 0), taken()], [true, 2]);
  assert.deepEqual([await take('one', 30_000), taken()], [true, 2]);
  assert.equal(await take('one', 30_000), false);
});

test('a kept turn that is not used within ten seconds is waited for anew', async () => {
  const { take, later, taken } = turns();
  await take('one', 30_000);
  later(10_001);
  assert.deepEqual([await take('one', 0), taken()], [true, 2]);
});
