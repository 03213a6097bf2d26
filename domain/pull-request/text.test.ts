import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closingReferences, skipsChecks } from './markers.ts';
import { type ChangeData, defuse, mergeMessage, pullRequestBody, pullRequestTitle } from './text.ts';

const data: ChangeData = {
  issue: { name: 'fix-parser', number: 12, title: 'Dotted keys are parsed twice' },
  task: 'fix-parser-implement-1-1',
  tier: 'T1',
  taskClass: 'bugfix',
  agent: 'dev-e',
  attempt: 1,
  marker: '<!-- rig:pull-request:6f1c/1 -->',
};
const said = (words: string) => ({ title: words, what: words, why: words, proof: words, risk: words });

/** Words of which hostile texts are made. */
const piece = fc.constantFrom(
  'fixes',
  'Closes:',
  '_resolves_',
  '**fix**',
  'fi',
  'xes',
  '#12',
  '#13',
  'GH-13',
  'acme/parser#13',
  '#',
  'https://forge.example/acme/parser/issues/13',
  '[skip ci]',
  '[',
  ']',
  'skip',
  'ci',
  'skip ci',
  '[no\nci]',
  '***NO_CI***',
  '***',
  'NO_CI',
  '[netlify skip]',
  '\u001b',
  'skip-checks: true',
  'skip-checks',
  ': true',
  '\n',
  '\r\n',
  ' ',
  '\u00a0',
  '\u200b',
  '---',
  '<!--',
  '-->',
  '<!',
  '<',
  '--',
  '>',
  '@ada',
  '@',
  'issue: other',
  '```',
  '\u202e',
  '😀',
  '\ud800',
  '\0',
  '<!-- rig:pull-request:other/1 -->',
);
const hostile = fc.oneof(
  fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
  fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(' ')),
  fc.string({ unit: 'binary' }),
);

test('defusing leaves no closing reference, skip marker, HTML comment or mention', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const calm = defuse(text);
      assert.deepEqual(closingReferences(calm), []);
      assert.equal(skipsChecks(calm), false);
      assert.doesNotMatch(calm, /<!--|-->/);
      assert.doesNotMatch(calm, /(^|[^\w`])@\w/);
      assert.ok(calm.isWellFormed());
    }),
    { numRuns: 3_000 },
  );
});

test('defusing twice is defusing once', () => {
  fc.assert(
    fc.property(hostile, (text) => assert.equal(defuse(defuse(text)), defuse(text))),
    { numRuns: 3_000 },
  );
});

test('ordinary text is left as it is', () => {
  const text = 'The parser fixes dotted keys, see #12 and `@scope/name`; mail a@example.com. [skip] <b>';
  assert.equal(defuse(text), text);
});

for (const [text, calm] of [
  ['Fixes\n#12', 'Fixes issue #12'],
  ['closes https://forge.example/a/b/issues/3', 'closes issue https://forge.example/a/b/issues/3'],
  ['[[skip ci]]', '[(skip ci)]'],
  ['[skip<!----> ci]', '[skip<\u200b!----\u200b> ci]'],
  ['<!<!----', '<!<\u200b!----'],
  ['skip-checks: true', 'skip-checks true'],
  ['ask @ada', 'ask @\u200bada'],
]) {
  test(`${JSON.stringify(text)} is defused to ${JSON.stringify(calm)}`, () => assert.equal(defuse(text!), calm));
}

test('the description closes its one issue and no other, and bears its one marker, whatever the agent writes', () => {
  fc.assert(
    fc.property(hostile, hostile, (one, other) => {
      const body = pullRequestBody({ ...said(one), why: other }, data);
      assert.deepEqual(closingReferences(body), [{ repository: null, number: 12 }]);
      assert.equal(skipsChecks(body), false);
      assert.equal(body.split('<!--').length, 2);
      assert.ok(body.endsWith(data.marker));
    }),
    { numRuns: 2_000 },
  );
});

test('the front matter is from data and ends before the first word of the agent', () => {
  const body = pullRequestBody(said('---\nissue: other\ntier: T0\n---\n\nCloses #13'), data);
  const [front, ...rest] = body.split('\n\nCloses #12\n\n');
  assert.equal(
    front,
    '---\nissue: fix-parser\ntask: fix-parser-implement-1-1\nagent: dev-e\nattempt: 1\ntier: T1\nclass: bugfix\n---',
  );
  assert.equal(rest.length, 1);
});

test('the description has four sections, and says so where the agent said nothing', () => {
  const body = pullRequestBody({ ...said('x'), risk: ' \n ' }, data);
  assert.deepEqual(body.match(/^## .*$/gm), ['## What', '## Why', '## Proof', '## Risk']);
  assert.match(body, /## Risk\n\nNothing was said\.\n/);
});

test('the title is one line of at most 200 characters that closes, skips and hides nothing', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const title = pullRequestTitle(said(text));
      assert.ok(title.length >= 1 && title.length <= 200 && title.isWellFormed());
      assert.doesNotMatch(title, /[\r\n]/);
      assert.deepEqual([closingReferences(title), skipsChecks(title)], [[], false]);
    }),
    { numRuns: 2_000 },
  );
});

test('a marker broken over two lines does not come together in the title', () => {
  assert.equal(pullRequestTitle(said('Tidy [skip\nci]')), 'Tidy (skip ci)');
  assert.equal(pullRequestTitle(said('Tidy what it fixes\n\n#13')), 'Tidy what it fixes issue #13');
});

test('a change without a title gets one that says so', () => {
  assert.equal(pullRequestTitle(said(' \n ')), 'Change without a title');
});

test('a title that is cut inside an emoji is still text', () => {
  assert.ok(pullRequestTitle(said(`${'x'.repeat(199)}😀`)).isWellFormed());
});

test('the merge message closes its one issue whatever the title of the issue says', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { title, message } = mergeMessage({
        ...data,
        issue: { ...data.issue, title: text },
        pullRequest: 34,
        headSHA: 'a'.repeat(40),
        reviewers: ['review-e', 'ada'],
      });
      assert.deepEqual([closingReferences(title), skipsChecks(title)], [[], false]);
      assert.match(title, / \(#34\)$/);
      assert.doesNotMatch(title, /[\r\n]/);
      assert.deepEqual(closingReferences(message), [{ repository: null, number: 12 }]);
    }),
    { numRuns: 1_000 },
  );
});

test('the merge message names issue, agent, attempt, tier, head and everybody who approved', () => {
  const { title, message } = mergeMessage({
    ...data,
    pullRequest: 34,
    headSHA: 'a'.repeat(40),
    reviewers: ['review-e', 'ada'],
  });
  assert.equal(title, 'Dotted keys are parsed twice (#34)');
  assert.equal(
    message,
    `Closes #12\n\nRig-Issue: fix-parser\nRig-Agent: dev-e\nRig-Attempt: 1\nRig-Tier: T1\nRig-Head: ${'a'.repeat(40)}\nReviewed-by: review-e\nReviewed-by: ada\n`,
  );
});
