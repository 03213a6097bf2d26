import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fenced } from './fence.ts';

test('no text can close its own fence', () => {
  const piece = fc.constantFrom(
    '<',
    '/',
    'untrusted',
    'UNTRUSTED',
    '>',
    ' ',
    '\n',
    '\u200b',
    'x',
    '&lt;',
    '"',
    'source=',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.string({ maxLength: 10 }), (pieces, source) => {
      const marked = fenced(source, pieces.join(''));
      assert.equal(marked.match(/<[\s/\u200b]*untrusted/gi)?.length, 2);
      assert.ok(marked.startsWith('<untrusted source="') && marked.endsWith('\n</untrusted>'));
      assert.match(marked.split('\n')[0] as string, /^<untrusted source="[^"<>]*">$/);
    }),
    { numRuns: 2_000 },
  );
});

test('an ordinary text is kept to the letter', () => {
  assert.equal(
    fenced('issue body', 'a < b && "c"\n<p>'),
    '<untrusted source="issue body">\na < b && "c"\n<p>\n</untrusted>',
  );
});
