import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Clipper, clipped } from './clip.ts';

test('a text that fits is kept as it is, whatever pieces it comes in', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }), (pieces) => {
      const clipper = new Clipper(200);
      for (const piece of pieces) clipper.push(piece);
      assert.equal(clipper.toString(), pieces.join(''));
    }),
  );
});

test('a longer text keeps its head and its tail and says what is missing', () => {
  assert.equal(
    clipped(`${'a'.repeat(50)}${'b'.repeat(900)}${'c'.repeat(50)}`, 100),
    `${'a'.repeat(50)}\n… 900 characters left out …\n${'c'.repeat(50)}`,
  );
});
