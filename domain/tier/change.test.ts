import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { differingLines, lines } from './change.ts';

/** One by one, without looking for what is equal at the ends. */
function naively(before: string, after: string) {
  const removed = lines(before);
  const added = lines(after).filter((line) => {
    const at = removed.indexOf(line);
    if (at >= 0) removed.splice(at, 1);
    return at < 0;
  });
  return { added: added.sort(), removed: removed.sort() };
}

test('lines that differ are those of a naive comparison, whatever ends the lines and wherever they stand', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '\n', '\n', '\r\n', '\r', 'aa'), { maxLength: 14 })
    .map((parts) => parts.join(''));
  // Longer than what is compared at once.
  const around = fc.constantFrom('', 'xy\n'.repeat(400), 'a\n'.repeat(512), 'b'.repeat(1_030));
  fc.assert(
    fc.property(around, text, text, around, (head, one, other, tail) => {
      const [before, after] = [head + one + tail, head + other + tail];
      const { added, removed } = differingLines({ before, after });
      assert.deepEqual({ added: added.sort(), removed: removed.sort() }, naively(before, after));
    }),
    { numRuns: 2_000 },
  );
});
