import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toJsonb } from './database.ts';
import { formatCursor, parseCursor } from './types.ts';

test('a cursor survives the way through text', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(), (txid, pos) => {
      assert.deepEqual(parseCursor(formatCursor({ txid, pos })), { txid, pos });
    }),
  );
});

test('a text that is no cursor is not taken for one', () => {
  for (const text of ['', '1', '1.', '.1', '1.2.3', '-1.2', '1.2 ', 'a.b', `${'9'.repeat(21)}.1`])
    assert.equal(parseCursor(text), undefined);
});

test('NUL and unpaired surrogates become the replacement character, everything else stays', () => {
  assert.equal(toJsonb({ title: 'a\0b\uD800c', ok: 'é😀\\u0000' }), '{"title":"a\uFFFDb\uFFFDc","ok":"é😀\\\\u0000"}');
});
