import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptFresh } from './fresh.ts';

/** A reader of which each read waits until the test answers it. */
function setUp() {
  const reads: PromiseWithResolvers<string>[] = [];
  const clock = { now: 0 };
  const ask = keptFresh(
    () => {
      const read = Promise.withResolvers<string>();
      reads.push(read);
      return read.promise;
    },
    { freshMs: 2_000, now: () => clock.now },
  );
  const answer = async (index: number, value: string) => {
    reads[index]!.resolve(value);
    await reads[index]!.promise;
  };
  return { reads, clock, ask, answer };
}

test('fresh: whoever asks at once shares one read', async () => {
  const { reads, ask, answer } = setUp();
  const asked = [ask(), ask()];
  await answer(0, 'a');
  assert.deepEqual(await Promise.all(asked), ['a', 'a']);
  assert.equal(reads.length, 1);
});

test('fresh: it is read anew before it is too old, and nobody waits for that', async () => {
  const { reads, clock, ask, answer } = setUp();
  const first = ask();
  await answer(0, 'a');
  await first;
  clock.now = 1_000;
  assert.equal(await ask(), 'a');
  assert.equal(reads.length, 2);
  await answer(1, 'b');
  assert.equal(await ask(), 'b');
  assert.equal(reads.length, 2);
});

test('fresh: what is too old is answered to nobody, and a read that hangs is given up', async () => {
  const { reads, clock, ask, answer } = setUp();
  const first = ask();
  await answer(0, 'a');
  await first;
  clock.now = 2_000;
  const waiting = ask();
  assert.equal(reads.length, 2);
  clock.now = 4_000;
  const other = ask();
  assert.equal(reads.length, 3);
  await answer(2, 'c');
  assert.equal(await other, 'c');
  await answer(1, 'b');
  assert.equal(await waiting, 'b');
  // What was begun earlier takes nothing back that was begun later.
  assert.equal(await ask(), 'c');
});

test('fresh: a failure is kept for nobody', async () => {
  const { reads, clock, ask, answer } = setUp();
  const first = ask();
  reads[0]!.reject(new Error('The list cannot be read.'));
  await assert.rejects(first, /cannot be read/);
  const second = ask();
  await answer(1, 'a');
  assert.equal(await second, 'a');
  clock.now = 1_500;
  assert.equal(await ask(), 'a');
  reads[2]!.reject(new Error('The list cannot be read.'));
  await reads[2]!.promise.catch(() => {});
  assert.equal(await ask(), 'a');
  clock.now = 2_000;
  const late = ask();
  reads.at(-1)!.reject(new Error('The list cannot be read.'));
  await assert.rejects(late, /cannot be read/);
});
