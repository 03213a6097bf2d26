import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApprovalVerdict } from '../approval/judge.ts';
import { known, unknown } from '../facts.ts';
import { type CheckedApproval, type CheckedGrade, type CheckedHeadFacts, judgeHead } from './verdict.ts';

const sha = 'a'.repeat(40);
const grade = (tier: CheckedGrade['tier'], over: Partial<CheckedGrade> = {}): CheckedGrade => ({
  tier,
  rule: 'source',
  path: 'src/a.ts',
  reason: 'It is source.',
  ...over,
});
const signed = (expiresAt: number): ApprovalVerdict => ({
  verified: true,
  identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
  digest: 'd'.repeat(64),
  signature: 'e'.repeat(64),
  document: {},
  signedAt: expiresAt - 1,
  expiresAt,
});
const refusal: ApprovalVerdict = {
  verified: false,
  reason: 'DigestMismatch',
  message: 'It is not what was signed.',
  signature: null,
};
const approval = (verdict: ApprovalVerdict, name = 'shop-42-merge'): CheckedApproval => ({
  name,
  issue: 'shop-42',
  verdict,
});
const head = (over: Partial<CheckedHeadFacts> = {}): CheckedHeadFacts => ({
  sha,
  ungraded: null,
  change: known(grade('T1'), 0),
  issues: [],
  approvals: known([], 0),
  ...over,
});
const issue = (tier: CheckedGrade['tier']) => ({ name: 'shop-42', ...grade(tier, { path: null }) });
const T3 = { change: known(grade('T3', { rule: 'built-in/judge', path: 'config/rbac.yaml' }), 0) };

const cases: [string, Partial<CheckedHeadFacts>, ReturnType<typeof judgeHead>['state'], RegExp][] = [
  ['a change of T0 needs no Approval', { change: known(grade('T0'), 0) }, 'success', /T0/],
  ['a change of T2 needs no Approval of its merge', { change: known(grade('T2'), 0) }, 'success', /T2/],
  [
    'a change of T3 without an Approval asks for a person, and names rule and file',
    T3,
    'action_required',
    /judge.*rbac/,
  ],
  ['an Issue of T3 makes a change of T0 T3', { issues: [issue('T3')] }, 'action_required', /Issue shop-42/],
  [
    'the help names the command for the Issue',
    { ...T3, issues: [issue('T1')] },
    'action_required',
    /rig approve shop-42 --scope merge/,
  ],
  ['a pull request of no Issue says how a person may approve it', T3, 'action_required', /rig prepare/],
  ['a verified Approval lets T3 through', { ...T3, approvals: known([approval(signed(9))], 0) }, 'success', /ada@/],
  [
    'one that holds counts beside one that does not',
    { ...T3, approvals: known([approval(refusal, 'old'), approval(signed(9))], 0) },
    'success',
    /old.*does not count/s,
  ],
  [
    'an Approval that does not hold lets nothing through, and says why',
    { ...T3, approvals: known([approval(refusal)], 0) },
    'action_required',
    /not what was signed/,
  ],
  [
    'Approvals that cannot be verified let nothing through',
    { ...T3, approvals: unknown('No root.') },
    'unknown',
    /No root/,
  ],
  ['Approvals that cannot be verified do not hold up T1', { approvals: unknown('No root.') }, 'success', /T1/],
  ['a change that cannot be read is not let through', { change: unknown('git is away.') }, 'unknown', /git is away/],
  [
    'a change that cannot be read is not let through by an Approval',
    { change: unknown('git is away.'), approvals: known([approval(signed(9))], 0) },
    'unknown',
    /git is away/,
  ],
  [
    'without a policy nothing is let through',
    { ungraded: 'There is no TierPolicy default.' },
    'failure',
    /no TierPolicy/,
  ],
  [
    'without a policy an Approval lets nothing through either',
    { ...T3, ungraded: 'There is none.', approvals: known([approval(signed(9))], 0) },
    'failure',
    /There is none/,
  ],
];
for (const [name, over, state, says] of cases) {
  test(`check: ${name}`, () => {
    const verdict = judgeHead(head(over));
    assert.equal(verdict.state, state);
    assert.match(`${verdict.title}\n${verdict.summary}`, says);
  });
}

test('check: it has to be looked at again when the Approval that holds longest ends', () => {
  const approvals = known([approval(signed(5), 'a'), approval(signed(9), 'b')], 0);
  assert.equal(judgeHead(head({ ...T3, approvals })).until, 9);
  assert.equal(judgeHead(head()).until, null);
});

test('check: success is below T3, or signed, and never what is unknown', () => {
  const tier = fc.constantFrom('T0', 'T1', 'T2', 'T3' as const) as fc.Arbitrary<CheckedGrade['tier']>;
  const graded = fc.record({
    tier,
    rule: fc.option(fc.string(), { nil: null }),
    path: fc.option(fc.string(), { nil: null }),
    reason: fc.string(),
  });
  const facts = fc.record({
    sha: fc.constant(sha),
    ungraded: fc.option(fc.string(), { nil: null }),
    change: fc.oneof(
      graded.map((value) => known(value, 0)),
      fc.constant(unknown('no')),
    ),
    issues: fc.array(
      graded.map((one) => ({ name: 'i', ...one })),
      { maxLength: 3 },
    ),
    approvals: fc.oneof(
      fc.constant(unknown('no')),
      fc
        .array(
          fc.oneof(
            fc.constant(approval(refusal)),
            fc.integer({ min: 1, max: 9 }).map((at) => approval(signed(at))),
          ),
        )
        .map((value) => known(value, 0)),
    ),
  });
  fc.assert(
    fc.property(facts, (input) => {
      const tiers = [...(input.change.known ? [input.change.value.tier] : []), ...input.issues.map((one) => one.tier)];
      const held = input.approvals.known && input.approvals.value.some(({ verdict }) => verdict.verified);
      const may = input.ungraded === null && input.change.known && (!tiers.includes('T3') || held);
      const { state, title, summary } = judgeHead(input);
      assert.equal(state === 'success', may);
      assert.ok(title.length <= 255 && !title.includes('\n') && summary.length < 20_000);
    }),
  );
});

test('check: words of others mention nobody, close no fence and start no paragraph of their own', () => {
  const path = 'a`\n\n# @everyone\u202e <img src=x>';
  const { summary } = judgeHead(
    head({ change: known(grade('T3', { path, reason: `${path} is bad @ada [x](y)` }), 0) }),
  );
  assert.ok(!/@everyone is|@ada|\u202e|\n#/.test(summary), summary);
  assert.ok(!/(^|[^\\])<img/.test(summary.replace(/`` .*? ``/g, '')), summary);
});
