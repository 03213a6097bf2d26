import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkForge, type Ended, type PullFacts, type RepositoryFacts } from './forge.ts';

const HEAD = 'a'.repeat(40);
const MERGE = 'b'.repeat(40);
const pull: PullFacts = {
  number: 2,
  headRef: 'rig/i/1',
  headSHA: HEAD,
  open: false,
  mergedAt: '2026-01-01T00:00:10Z',
  mergeSHA: MERGE,
  mergedBy: 'rig-conductor',
  reviews: [{ by: 'rig-review-e', state: 'APPROVED', sha: HEAD, at: '2026-01-01T00:00:09Z' }],
  checks: [{ name: 'ci', app: 'rig-ci', conclusion: 'success', at: '2026-01-01T00:00:08Z' }],
};
const facts: RepositoryFacts = {
  name: 'notes',
  issues: [{ number: 1, open: false, title: 'A note' }],
  pulls: [pull],
  marks: ['<!-- rig:comment:a -->', '<!-- rig:comment:b -->'],
  landed: [{ sha: MERGE, onTip: true }],
};
const ended: Ended = { name: 'i', title: 'A note', number: 1, end: 'merged' };
const check = (changed: Partial<RepositoryFacts>, end: Partial<Ended> = {}) =>
  checkForge({ ...facts, ...changed }, [{ ...ended, ...end }]).join('; ');
const withPull = (changed: Partial<PullFacts>) => check({ pulls: [{ ...pull, ...changed }] });

test('a repository where an issue was filed, approved, tested and merged once is without fault', () => {
  assert.equal(check({}), '');
});

test('an issue that is filed twice, or known by another number, is named', () => {
  assert.match(check({ issues: [...facts.issues, { number: 9, open: true, title: 'A note' }] }), /i: 2 issues/);
  assert.match(check({}, { number: 7 }), /its number is 7, at the forge 1/);
  assert.match(check({ issues: [{ ...facts.issues[0]!, open: true }] }), /done, and open at the forge/);
});

test('a second pull request for a branch, a second merge, and one that is left open are named', () => {
  assert.match(check({ pulls: [pull, { ...pull, number: 3, mergedAt: null }] }), /2 pull requests for 1 branches/);
  const second = { ...pull, number: 3, headRef: 'rig/i/2' };
  assert.match(check({ pulls: [pull, second] }), /i: 2 pull requests are merged/);
  assert.match(check({ pulls: [pull, { ...second, mergedAt: null, open: true }] }), /1 pull requests are open/);
  assert.match(check({}, { end: 'awaiting-human' }), /1 pull requests are merged, and it is awaiting-human/);
});

test('a merge of a head that was not approved, not tested, or too late for either, or by somebody else is named', () => {
  const [review] = pull.reviews;
  const [run] = pull.checks;
  for (const changed of [{ by: 'rig-dev-e' }, { state: 'DISMISSED' }, { sha: MERGE }, { at: '2026-01-01T00:00:11Z' }])
    assert.match(withPull({ reviews: [{ ...review!, ...changed }] }), /without an approval/);
  for (const changed of [{ conclusion: 'failure' }, { app: 'other' }, { at: '2026-01-01T00:00:11Z' }])
    assert.match(withPull({ checks: [{ ...run!, ...changed }] }), /without a test/);
  assert.match(withPull({ mergedBy: 'you' }), /merged by you/);
});

test('a mark of an effect that is there twice is named', () => {
  assert.match(check({ marks: [...facts.marks, facts.marks[0]!] }), /rig:comment:a --> is there more than once/);
});

test('a commit that no pull request brought, a merge that is not there, a head without the tip are named', () => {
  assert.match(check({ landed: [{ sha: HEAD, onTip: null }, ...facts.landed] }), /2 commits landed for 1 merges/);
  assert.match(check({ landed: [{ sha: HEAD, onTip: true }] }), /is not on the default branch/);
  assert.match(check({ landed: [{ sha: MERGE, onTip: false }] }), /without the branch's tip/);
});
