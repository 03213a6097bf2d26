import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutBytes, cutText, legible } from './text.ts';

const texts = fc.string({ unit: fc.constantFrom('a', 'ü', '…', '🚲'), maxLength: 40 });
const measures = [
  [cutText, (text: string) => text.length],
  [cutBytes, (text: string) => Buffer.byteLength(text)],
] as const;

for (const [cut, size] of measures)
  test(`${cut.name}: a text that fits is left alone, a longer one is a whole beginning of it with … after it`, () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), (text, limit) => {
        const short = cut(text, limit);
        assert.ok(size(short) <= limit && short.isWellFormed());
        if (size(text) <= limit) return assert.equal(short, text);
        assert.ok(text.startsWith(short.slice(0, -1)) && short.endsWith('…'));
        assert.ok(size(short) > limit - 4, 'no more is cut than has to be');
      }),
    );
  });

test('a text is legible: nothing in it moves a cursor or turns a line around, and whole words of any script stay', () => {
  assert.equal(legible('a\u001b[2J\u009b1m\r\nb\tc\u202ed\u2069\ud800\0'), 'a[2J1m\nb\tcd\ufffd');
  assert.equal(legible('שלום 👩‍💻 é 漢字'), 'שלום 👩‍💻 é 漢字');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = legible(text);
      assert.ok(once.isWellFormed() && !/[^\P{Cc}\t\n]|\p{Bidi_Control}/u.test(once));
      assert.equal(legible(once), once);
    }),
  );
});
