import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from '@bufbuild/re2';
import fc from 'fast-check';
import { withoutAnchors } from './anchors.ts';
import { patternOf } from './check.ts';

const words = (text: string) => text.split(' ');
const leaf = fc.oneof(
  fc.constantFrom(
    ...words('^ $ ^ $ a b / - . \\. \\$ \\^ \\w \\s \\d [ab] [^a] [^-a] [^/] [a-] [+-] [^a-] [^^] [$^] é'),
  ),
  // Nothing of which it is certain.
  fc.constantFrom(...words('\\b \\W \\A \\z \\x02 [\\x00-a] [[:alpha:]] []a] [\\D] \u0002 [\u0001-a]')),
  fc.constantFrom('\n', '[^\n]'),
);
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 4, arbitrary: leaf },
    fc
      .tuple(fc.constantFrom(...words('( (?: (?i: (?s: (?m:')), tie('pattern'))
      .map(([open, inside]) => `${open}${inside})`),
  ),
  pattern: fc
    .tuple(
      fc.constantFrom('', '', '(?i)', '^', '(^|/)', '(?i)(?:a|^)'),
      fc.array(
        fc.array(
          fc
            .tuple(tie('part'), fc.constantFrom('', '', '', ...words('* + ? {2} {1,2} *?')))
            .map((parts) => parts.join('')),
          { maxLength: 4 },
        ),
        { minLength: 1, maxLength: 2 },
      ),
    )
    .map(([flags, rows]) => flags + rows.map((row) => row.join('')).join('|')),
}));
const text = fc
  .array(fc.constantFrom(...words('a b A / - . ^ $ 1 é 😀 \u0002 \u0003'), '\n', ' ', '\ud83d'), { maxLength: 6 })
  .map((signs) => signs.join(''));

/** What RE2 says of it; undefined where it is none. */
function engine(source: string): { test(text: string): boolean } | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

test('patterns: without anchors each finds what it finds with them, over random patterns and texts', () => {
  let written = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
      const whole = engine(source);
      fc.pre(whole !== undefined);
      const other = withoutAnchors(source);
      if (other !== null) written += 1;
      const quick = other === null ? null : RE2JS.compile(other.pattern);
      for (const one of texts) {
        const between = other?.over(one) ?? null;
        if (between !== null) assert.equal(quick!.test(between), whole.test(one), JSON.stringify([source, one]));
        assert.equal(patternOf(source).test(one), whole.test(one), JSON.stringify([source, one]));
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(written > 300, `${written}`);
});

for (const [source, written] of [
  ['(?i)(^|/)docs?/', true],
  ['^a$', true],
  ['(^|/)(docs?|website)/(.*/)?[^/]+[.]mdx$', true],
  ['[.]md$', false],
  ['a^', false],
  ['(^a)*', false],
  ['^^a', false],
  ['(?m)^a', false],
  ['^a\\b', false],
  ['^\\W', false],
  ['[^a]', false],
  ['^😀', true],
] as const)
  test(`pattern ${source} is written ${written ? 'without its anchors' : 'as it is'}`, () => {
    assert.equal(withoutAnchors(source) !== null, written);
  });

test('patterns: a text that has the signs that stand for its ends is asked with anchors', () => {
  for (const sign of ['\u0002', '\u0003']) {
    assert.equal(withoutAnchors('^a')!.over(`b${sign}a`), null);
    assert.equal(patternOf('^a').test(`b${sign}a`), false);
    assert.equal(patternOf('^a').test(`a${sign}`), true);
  }
});

test('patterns: half of a sign that UTF-16 writes as two is not found in the whole of it behind an anchor', () => {
  assert.equal(patternOf('^\ud83d').test('😀'), false);
  assert.equal(patternOf('^(a|\ud83d)').test('😀'), false);
  assert.equal(patternOf('^\ud83d').test('\ud83d'), true);
});
