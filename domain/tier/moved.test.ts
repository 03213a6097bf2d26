import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorTime } from '../../test/kit/processor.ts';
import { differingLines } from './change.ts';
import { movedLines } from './moved.ts';

const CHECK = '  if (!allowed(user)) throw new Refused();';
const ACT = '  remove(order);';

test('a check that moves behind what it guards is among the lines that differ', () => {
  const before = ['function go() {', CHECK, ACT, '}'].join('\n');
  const after = ['function go() {', ACT, CHECK, '}'].join('\n');
  const { added, removed } = differingLines({ before, after }, true);
  assert.equal(added.length, 1);
  assert.deepEqual(added, removed);
  assert.deepEqual(differingLines({ before, after }), { added: [], removed: [] });
});

test('a line that stays while others come and go around it did not move', () => {
  assert.deepEqual(movedLines(['one', 'two', 'three'], ['zero', 'one', 'three', 'four']), []);
  assert.deepEqual(movedLines(['', '}', 'one', ''], ['one', '}', '', '']), []);
});

test('without what moved, a text that was only shuffled reads the same, over random texts', () => {
  const lines = fc.uniqueArray(fc.stringMatching(/^[a-z]{2,3}$/), { maxLength: 10 });
  const shuffled = lines.chain((old) =>
    fc.tuple(fc.constant(old), fc.shuffledSubarray(old, { minLength: old.length })),
  );
  fc.assert(
    fc.property(shuffled, ([old, now]) => {
      const moved = new Set(movedLines(old, now));
      const left = (text: readonly string[]) => text.filter((line) => !moved.has(line));
      assert.deepEqual(left(old), left(now));
      assert.ok(moved.size < Math.max(old.length, 1));
    }),
    { numRuns: 2_000 },
  );
});

test('long texts that were turned around are told in no time', () => {
  const long = Array.from({ length: 100_000 }, (_, at) => `line ${at}`);
  const spent = processorTime();
  assert.equal(movedLines(long, long.toReversed()).length, 99_999);
  assert.ok(spent() < 2_000);
});
