import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownersOf, parseCodeOwners } from './code-owners.ts';
import { matches, selects } from './patterns.ts';
import { checksUnmet, type MergeFacts, unmetByMerge } from './requirements.ts';
import type { EffectiveRule, Rule } from './rule.ts';
import { mergeWords, pushWords, type UpdateFacts, unmetByUpdate } from './updates.ts';

const from = (rule: Rule, rulesetId: number | null = null): EffectiveRule => ({ rule, rulesetId });
const FACTS: MergeFacts = {
  checks: [],
  approvals: [],
  changesRequested: false,
  lastPusherId: 1,
  openThreads: 0,
  missingOwners: [],
  behind: false,
  method: 'squash',
};
const REVIEW = {
  dismiss_stale_reviews_on_push: false,
  require_code_owner_review: false,
  require_last_push_approval: false,
  required_approving_review_count: 1,
  required_review_thread_resolution: false,
};
const messages = (rule: Rule, facts: Partial<MergeFacts>) =>
  unmetByMerge([from(rule)], { ...FACTS, ...facts }).map(({ message }) => message);
const checks = (...names: [string, number?][]): Rule => ({
  type: 'required_status_checks',
  parameters: {
    required_status_checks: names.map(([context, integration_id]) => ({ context, integration_id })),
    strict_required_status_checks_policy: true,
  },
});

test('a wildcard of a ref pattern stays inside a segment unless it is doubled', () => {
  assert.ok(matches('refs/heads/rel-*', 'refs/heads/rel-1.2'));
  assert.ok(!matches('refs/heads/*', 'refs/heads/a/b'));
  assert.ok(matches('refs/heads/**/x', 'refs/heads/a/b/x') && matches('refs/heads/**/x', 'refs/heads/x'));
  assert.ok(matches('refs/heads/v[0-9]', 'refs/heads/v7') && !matches('refs/heads/v[!0-9]', 'refs/heads/v7'));
  assert.ok(!matches('a.c', 'abc') && !matches('[z-a]', 'b') && matches('a+(b)|c', 'a+(b)|c'));
});

test('a pattern without wildcards selects exactly itself, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (pattern, text) => {
      const plain = pattern.replaceAll(/[*?[]/g, '');
      assert.equal(matches(plain, plain), true);
      assert.equal(matches(plain, text), plain === text);
      matches(pattern, text);
    }),
  );
});

test('a ruleset selects what it includes and does not exclude, the default branch by its sign', () => {
  const conditions = { include: ['~DEFAULT_BRANCH', 'refs/heads/rel-*'], exclude: ['refs/heads/rel-old'] };
  const selected = ['main', 'rel-1', 'rel-old', 'other'].filter((name) =>
    selects(conditions, `refs/heads/${name}`, 'main'),
  );
  assert.deepEqual(selected, ['main', 'rel-1']);
  assert.ok(selects({ include: ['~ALL'], exclude: [] }, 'refs/heads/x', 'main'));
});

test('the last line of CODEOWNERS that fits a path names its owners, a line without owners nobody', () => {
  const lines = parseCodeOwners(
    '# all\n* @a\n/docs/ @b # prose\n*.ts @c\nsrc/gen/* \n/build/logs/ @d\nsrc/one.ts e@example.com\n',
  );
  const owner = (path: string) => ownersOf(lines, path).join(',');
  assert.equal(owner('README'), '@a');
  assert.equal(owner('docs/x/y.md'), '@b');
  assert.equal(owner('lib/docs/x.md'), '@a');
  assert.equal(owner('deep/x.ts'), '@c');
  assert.equal(owner('src/gen/made.ts'), '');
  assert.equal(owner('src/gen/sub/made.ts'), '@c');
  assert.equal(owner('build/logs/a/b'), '@d');
  assert.equal(owner('src/one.ts'), 'e@example.com');
});

test('a required check counts only from the App that is named, and every report of its name must have passed', () => {
  const required = [{ context: 'ci', integration_id: 7 }];
  const passed = { context: 'ci', state: 'success' as const };
  assert.equal(checksUnmet(required, []), 'Required status check "ci" is expected.');
  assert.equal(checksUnmet(required, [{ ...passed, appId: 8 }]), 'Required status check "ci" is expected.');
  assert.equal(checksUnmet(required, [{ ...passed, appId: null }]), 'Required status check "ci" is expected.');
  assert.equal(checksUnmet(required, [{ ...passed, appId: 7 }]), null);
  const both = [
    { ...passed, appId: 7 },
    { context: 'ci', appId: 8, state: 'failing' as const },
  ];
  assert.equal(checksUnmet([{ context: 'ci' }], both), 'Required status check "ci" is failing.');
});

test('several required checks that are missing are told in one sentence', () => {
  const required = [{ context: 'a' }, { context: 'b' }, { context: 'c' }];
  assert.equal(checksUnmet(required, []), '3 of 3 required status checks are expected.');
  const some = [
    { context: 'a', appId: 1, state: 'success' as const },
    { context: 'b', appId: 1, state: 'failing' as const },
  ];
  const told = '2 of 3 required status checks have not succeeded: 1 failing and 1 expected.';
  assert.equal(checksUnmet(required, some), told);
});

test('a branch that lacks commits of its base is told as behind, beside missing checks', () => {
  const unmet = unmetByMerge([from(checks(['ci']))], { ...FACTS, behind: true });
  assert.deepEqual(
    unmet.map(({ behind }) => behind ?? false),
    [false, true],
  );
});

test('reviews: too few, changes requested, code owners, the last pusher and open conversations each have their sentence', () => {
  const ask = (parameters: Partial<typeof REVIEW>): Rule => ({
    type: 'pull_request',
    parameters: { ...REVIEW, ...parameters },
  });
  const approved = { approvals: [{ userId: 2, onHead: true }] };
  assert.match(messages(ask({}), {})[0]!, /^At least 1 approving review is required/);
  assert.match(
    messages(ask({ required_approving_review_count: 2 }), approved)[0]!,
    /^At least 2 approving reviews are/,
  );
  assert.deepEqual(messages(ask({}), approved), []);
  assert.equal(messages(ask({}), { ...approved, changesRequested: true }).length, 1);
  const owners = messages(ask({ require_code_owner_review: true }), { ...approved, missingOwners: ['@x'] });
  assert.deepEqual(owners, ['Waiting on code owner review from @x.']);
  const last = ask({ require_last_push_approval: true });
  assert.deepEqual(messages(last, approved), []);
  assert.equal(messages(last, { approvals: [{ userId: 2, onHead: false }] }).length, 1);
  assert.equal(messages(last, { ...approved, lastPusherId: 2 }).length, 1);
  assert.equal(messages(last, { ...approved, lastPusherId: null }).length, 1);
  assert.equal(messages(ask({ required_review_thread_resolution: true }), { ...approved, openThreads: 1 }).length, 1);
});

test('a merge method that a rule does not allow, a merge queue and a locked branch refuse the merge', () => {
  const squash: Rule = {
    type: 'pull_request',
    parameters: { ...REVIEW, required_approving_review_count: 0, allowed_merge_methods: ['squash'] },
  };
  assert.deepEqual(messages(squash, { method: 'squash' }), []);
  assert.deepEqual(messages(squash, { method: 'merge' }), ['Merge commits are not allowed on this branch.']);
  assert.deepEqual(messages(squash, { method: null }), []);
  assert.equal(messages({ type: 'required_linear_history' }, { method: 'merge' }).length, 1);
  assert.deepEqual(messages({ type: 'required_linear_history' }, { method: 'rebase' }), []);
  assert.deepEqual(messages({ type: 'merge_queue' }, {}), ['Changes must be made through the merge queue']);
  assert.deepEqual(messages({ type: 'update' }, {}), ['Cannot change this locked branch']);
});

test('each rule forbids exactly the changes of a ref that it is about', () => {
  const calm: UpdateFacts = { kind: 'updated', forced: false, mergeCommits: false, checks: [], authorized: true };
  const cases: Record<string, Partial<UpdateFacts>> = {
    create: { kind: 'created' },
    update: {},
    force: { forced: true },
    merge: { mergeCommits: true },
    remove: { kind: 'deleted' },
  };
  const forbidden = (rule: Rule) =>
    Object.keys(cases).filter((name) => unmetByUpdate([from(rule)], { ...calm, ...cases[name] }).length > 0);
  assert.deepEqual(forbidden({ type: 'creation' }), ['create']);
  assert.deepEqual(forbidden({ type: 'deletion' }), ['remove']);
  assert.deepEqual(forbidden({ type: 'non_fast_forward' }), ['force']);
  assert.deepEqual(forbidden({ type: 'required_linear_history' }), ['merge']);
  assert.deepEqual(forbidden({ type: 'update' }), ['update', 'force', 'merge']);
  assert.deepEqual(forbidden({ type: 'pull_request', parameters: REVIEW }), ['update', 'force', 'merge']);
  assert.deepEqual(forbidden(checks(['ci'])), ['update', 'force', 'merge']);
  assert.equal(unmetByUpdate([], { ...calm, authorized: false }).length, 1);
});

test('a refusal has the words of where its rule comes from', () => {
  const classic = [{ message: 'One.', rulesetId: null }];
  const ruleset = [
    { message: 'One.', rulesetId: 5 },
    { message: 'Two.', rulesetId: 5 },
  ];
  assert.equal(mergeWords(classic), 'One.');
  assert.equal(mergeWords(ruleset), 'Repository rule violations found\n\nOne.\n\nTwo.\n\n');
  assert.match(
    pushWords('refs/heads/main', classic, 'http://x/o/r'),
    /^error: GH006: Protected branch update failed for refs\/heads\/main\.\n\n- One\.\n/,
  );
  assert.match(
    pushWords('refs/heads/main', ruleset, 'http://x/o/r'),
    /^error: GH013: .*\nReview all repository rules at http:\/\/x\/o\/r\/rules\?ref=refs%2Fheads%2Fmain\n/,
  );
});
