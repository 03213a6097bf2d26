import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ruleset, wish } from './cases/enforced.ts';
import { compareRules, type RulesetFacts, type RuleWish, wantedRules } from './ruleset.ts';

const checks = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('test', 'lint', 'build'), app: fc.constantFrom('github-actions', 'rig-ci') }),
  { maxLength: 4, selector: ({ name, app }) => `${name} ${app}` },
);
const wishes: fc.Arbitrary<RuleWish> = fc.record({
  branch: fc.constantFrom('main', 'trunk'),
  checks,
  codeOwners: fc.boolean(),
  mergeMethod: fc.constantFrom('squash', 'merge', 'rebase'),
  attested: fc.constant(null),
});
const sets: fc.Arbitrary<RulesetFacts> = fc.record({
  id: fc.integer({ min: 1, max: 3 }),
  name: fc.constant('some'),
  updatedAt: fc.constant(null),
  bypass: fc.constantFrom('nobody', 'somebody', 'hidden'),
  deletion: fc.boolean(),
  nonFastForward: fc.boolean(),
  checks,
  pullRequest: fc.option(
    fc.record({
      approvals: fc.integer({ min: 0, max: 2 }),
      dismissStale: fc.boolean(),
      codeOwners: fc.boolean(),
      lastPush: fc.boolean(),
      threads: fc.boolean(),
      mergeMethods: fc.option(fc.subarray(['squash', 'merge', 'rebase'])),
    }),
  ),
});

test('the ruleset that is written for a wish holds it, whatever the wish', () => {
  fc.assert(
    fc.property(wishes, (asked) => {
      assert.deepEqual(compareRules(asked, { rulesets: [ruleset({}, asked)] }), { state: 'enforced' });
    }),
  );
});

/** A wish, and rulesets of which most hold parts of it. */
const worlds = wishes.chain((asked) => {
  const part = fc
    .record({ bypass: fc.constantFrom('nobody', 'somebody', 'hidden'), more: fc.option(sets), without: fc.nat(4) })
    .map(({ bypass, more, without }): RulesetFacts => {
      const whole = ruleset({ bypass }, asked);
      if (without === 0) return { ...whole, deletion: false, nonFastForward: false };
      if (without === 1) return { ...whole, pullRequest: null };
      if (without === 2) return { ...whole, checks: [] };
      return more === null || without === 3 ? whole : { ...more, bypass };
    });
  return fc.record({ asked: fc.constant(asked), rulesets: fc.array(part, { maxLength: 4 }) });
});

test('rules that somebody may bypass, or that cannot be seen, never make more enforced than without them', () => {
  let enforced = 0;
  fc.assert(
    fc.property(worlds, ({ asked, rulesets }) => {
      const firm = rulesets.filter(({ bypass }) => bypass === 'nobody');
      if (compareRules(asked, { rulesets }).state !== 'enforced') return;
      enforced += 1;
      assert.equal(compareRules(asked, { rulesets: firm }).state, 'enforced');
    }),
    { numRuns: 1_000 },
  );
  assert.ok(enforced > 50, `${enforced} of 1,000 worlds were enforced`);
});

test('what holds a wish holds it in whatever order the rulesets are told', () => {
  fc.assert(
    fc.property(worlds, ({ asked, rulesets }) => {
      const { state } = compareRules(asked, { rulesets });
      assert.equal(compareRules(asked, { rulesets: rulesets.toReversed() }).state, state);
    }),
  );
});

test('every rule that is missing is named in words', () => {
  const bare = ruleset({ deletion: false, nonFastForward: false, pullRequest: null, checks: [] });
  const asked = { ...wish, codeOwners: true };
  assert.deepEqual(compareRules(asked, { rulesets: [bare] }), {
    state: 'differs',
    differences: [
      'main may be deleted',
      'main may be pushed to by force',
      'main takes commits without a pull request',
      'no approval is required',
      'an approval stays when the head moves',
      'whoever pushed last may approve',
      'open review threads do not hold a merge',
      'code owners need not approve',
      'check test of github-actions is not required',
    ],
  });
});

test('a rule that somebody may bypass is named with the ruleset it stands in', () => {
  const { pullRequest } = wantedRules(wish);
  const rulesets = [ruleset({ deletion: false }), ruleset({ id: 2, name: 'loose', bypass: 'somebody', pullRequest })];
  assert.deepEqual(compareRules(wish, { rulesets }), {
    state: 'differs',
    differences: ['main may be deleted, for somebody may bypass ruleset loose'],
  });
});

test('what may be held by a branch protection that is not told is unknown, what is held besides and what is beyond is not', () => {
  const partly = [ruleset({ deletion: false })];
  const open = compareRules(wish, { rulesets: partly, unread: true });
  assert.ok(open.state === 'hidden' && /leave open: main may be deleted/.test(open.why), JSON.stringify(open));
  assert.equal(compareRules(wish, { rulesets: partly }).state, 'differs');
  assert.equal(compareRules(wish, { rulesets: [ruleset()], unread: true }).state, 'enforced');
  const nightly = ruleset({ checks: [...ruleset().checks, { name: 'nightly', app: null }] });
  assert.equal(compareRules(wish, { rulesets: [nightly], unread: true }).state, 'differs');
  const protection = { ...ruleset(), id: 0, bypass: 'somebody' } as const;
  const loose = compareRules(wish, { rulesets: [protection] });
  assert.match(loose.state === 'differs' ? loose.differences.join() : '', /somebody may bypass the branch protection/);
});
