import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareFences, type Fence, formatFence, parseFence } from './fence.ts';
import { priorityRank } from './priority.ts';

const number = fc.nat({ max: 1_000_000 });
const fence: fc.Arbitrary<Fence> = fc.record({ epoch: number, sequence: number });

test('a fence reads back as it was written', () => {
  fc.assert(fc.property(fence, (one) => assert.deepEqual(parseFence(formatFence(one)), { ...one })));
});

test('fences have one order: a higher epoch is newer whatever its sequence, then the higher sequence', () => {
  fc.assert(
    fc.property(fence, fence, fence, (a, b, c) => {
      const model = (one: Fence) => one.epoch * 10_000_000 + one.sequence;
      assert.equal(Math.sign(compareFences(a, b)), Math.sign(model(a) - model(b)));
      assert.equal(Math.sign(compareFences(a, b)), -Math.sign(compareFences(b, a)) + 0);
      if (compareFences(a, b) <= 0 && compareFences(b, c) <= 0) assert.ok(compareFences(a, c) <= 0);
    }),
  );
});

for (const text of ['', '1', '1.', '.1', '1.2.3', '-1.2', '1.2 ', '1,2', '1.2\n', '1e3.1', `${'9'.repeat(16)}.1`]) {
  test(`${JSON.stringify(text)} is no fence`, () => assert.equal(parseFence(text), null));
}

test('critical goes first, then high, normal and low', () => {
  const ranked = (['low', 'critical', 'normal', 'high'] as const).toSorted((a, b) => priorityRank(a) - priorityRank(b));
  assert.deepEqual(ranked, ['critical', 'high', 'normal', 'low']);
});
