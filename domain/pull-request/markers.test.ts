import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorTime } from '../../test/kit/processor.ts';
import { closingReferences, skipsChecks } from './markers.ts';

/** https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue */
const keywords = ['close', 'closes', 'closed', 'fix', 'fixes', 'fixed', 'resolve', 'resolves', 'resolved'];

for (const keyword of keywords) {
  test(`"${keyword}" closes an issue in every documented form and in any case`, () => {
    for (const word of [
      keyword,
      keyword.toUpperCase(),
      `${keyword}:`,
      `${keyword[0]!.toUpperCase()}${keyword.slice(1)}`,
    ]) {
      assert.deepEqual(closingReferences(`${word} #10`), [{ repository: null, number: 10 }], word);
      assert.deepEqual(closingReferences(`It ${word} octo-org/octo-repo#100.`), [
        { repository: 'octo-org/octo-repo', number: 100 },
      ]);
    }
  });
}

const closing: readonly { text: string; says: [string | null, number][] }[] = [
  {
    text: 'Resolves #10, resolves #123, resolves octo-org/octo-repo#100',
    says: [
      [null, 10],
      [null, 123],
      ['octo-org/octo-repo', 100],
    ],
  },
  { text: 'Fixes https://github.com/acme/parser/issues/7', says: [['acme/parser', 7]] },
  { text: 'fixes http://forge.example:3000/acme/parser/issues/7#note', says: [['acme/parser', 7]] },
  { text: 'Fixes\n#12', says: [[null, 12]] },
  { text: 'Fixes \u00a0\t#12', says: [[null, 12]] },
  { text: 'Fixes:#12', says: [[null, 12]] },
  { text: 'closes GH-26', says: [[null, 26]] },
  {
    text: '_fixes_ #12 and **Closes** **#13**',
    says: [
      [null, 12],
      [null, 13],
    ],
  },
  { text: '(fixes #12)', says: [[null, 12]] },
  { text: 'a.b-c/d_e.f#1 closes a.b-c/d_e.f#1', says: [['a.b-c/d_e.f', 1]] },
];
for (const { text, says } of closing) {
  test(`${JSON.stringify(text)} closes ${says.map(([repository, number]) => `${repository ?? ''}#${number}`).join(', ')}`, () => {
    assert.deepEqual(
      closingReferences(text),
      says.map(([repository, number]) => ({ repository, number })),
    );
  });
}

for (const text of [
  'See #12',
  'fixes issue #12',
  'prefixes #12',
  'unclosed #12',
  'fix#12',
  'Fixes the parser (#12)',
  'closing #12',
  'fixes # 12',
  'fixes https://github.com/acme/parser/pull/7',
  'éfixes #12',
]) {
  test(`${JSON.stringify(text)} closes nothing`, () => assert.deepEqual(closingReferences(text), []));
}

for (const text of [
  '[skip ci]',
  '[ci skip]',
  '[no ci]',
  '[skip actions]',
  '[actions skip]',
  'Tidy [SKIP CI] up',
  '[skip-ci]',
  'Tidy\n\nskip-checks:true',
  'Tidy\n\nSkip-Checks: True\r\n',
]) {
  test(`${JSON.stringify(text)} tells CI not to run, however often it is asked`, () => {
    assert.deepEqual([skipsChecks(text), skipsChecks(text)], [true, true]);
  });
}

for (const text of ['skip ci', '(skip ci)', '[skip cider]', 'no skip-checks: true here', 'skip-checks: false']) {
  test(`${JSON.stringify(text)} lets CI run`, () => assert.equal(skipsChecks(text), false));
}

test('finding closing references takes time in proportion to the text', () => {
  const long = `${'fixes '.repeat(20_000)}${'a/'.repeat(20_000)}${'-'.repeat(40_000)}`;
  const spent = processorTime();
  closingReferences(long);
  skipsChecks('[skip '.repeat(20_000) + ' '.repeat(40_000));
  assert.ok(spent() < 2_000);
});

test('any number of keywords and references are found one by one', () => {
  const reference = fc.tuple(fc.constantFrom(...keywords), fc.nat({ max: 1e9 }));
  fc.assert(
    fc.property(fc.array(reference), (wanted) => {
      const text = wanted.map(([keyword, number]) => `${keyword} #${number}`).join(' and ');
      assert.deepEqual(
        closingReferences(text).map(({ number }) => number),
        wanted.map(([, number]) => number),
      );
    }),
  );
});
