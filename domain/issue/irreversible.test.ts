import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import { ada, check, HEAD, NOON, reviewE, sha } from '../testing/facts.ts';
import { implementing, inReview, irreversible, Story } from '../testing/story.ts';
import { changeGrade, developer, reviewer } from '../testing/world.ts';
import { consentFor } from './consent.ts';
import { gateOf } from './merging.ts';
import { decidePreparation } from './prepare.ts';
import { pushRefusal } from './push.ts';
import { phaseOf } from './status.ts';
import type { RepositoryPolicy } from './world.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const T3 = { tier: 'T3', taskClass: 'bugfix', reason: 'Rule auth gives the issue tier T3.' } as const;
const DAY = 86_400_000;

/** An issue that is graded T3 before anybody works on it. */
function unbegun(): Story {
  const story = new Story().see({ tier: T3 });
  story.wish();
  story.run();
  return story;
}
/** {@link unbegun}, with the draft that an agent has prepared for it. */
function drafted(): Story {
  const story = asks(unbegun());
  story.run();
  story
    .deliver()
    .pull({ draft: true })
    .see({ change: known(changeGrade(story.state, T3), NOON) });
  story.finish();
  story.run();
  return story;
}
function asks(story: Story, act = 'act-1'): Story {
  story.append(decidePreparation(story.state, { act, by: 'ada', note: null }));
  return story;
}
const ready = (story: Story): Story => story.pull({ draft: false }).ci();
const row = (story: Story, name: string) =>
  gateOf(story.state, story.snapshot(), story.policy, story.now).results.find(({ gate }) => gate === name);

test('T3 work is given to no agent, whatever is signed for its dispatch, interface or merge', () => {
  const story = unbegun();
  for (const scope of ['dispatch', 'interface', 'merge'] as const) story.approve(scope, { headSHA: HEAD });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  assert.ok(!story.types().some((type) => type === 'ISSUE_ASSIGNED' || type === 'APPROVAL_USED'));
});

test('who drives T3 work is told of the command that has a draft prepared', () => {
  assert.match(unbegun().state.awaiting!.message, /`rig prepare fix-parser`/);
  assert.match(irreversible().state.awaiting!.message, /`rig approve fix-parser --scope merge` signs head/);
});

test('a change that turns out to be T3 ends its task and its claim, and is sent back to no agent', () => {
  const story = implementing().deliver().ci('failure');
  story.see({ change: known(changeGrade(story.state, { tier: 'T3' }), NOON) });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.deepEqual([story.state.work, story.state.task.work], [null, null]);
  assert.ok(!story.types().includes('ISSUE_FAILED') && story.state.rounds.rework === 0);
});

test('what a person may do about T3 work is told as it stands: a draft has come, its head has moved', () => {
  const story = drafted();
  const why = () => story.run().message;
  assert.match(why(), /`rig approve fix-parser --scope merge` signs head \w{8} of #/);
  story.see({ headPushedBy: known(ada, NOON) }).pull({ head: { ...story.shown.head, sha: sha('9') } });
  assert.match(why(), /signs head 99999999 of #/);
});

test('a T3 pull request closed by hand is what the issue waits for, until it is reopened, and is worked again when a person says so', () => {
  const story = irreversible();
  const closed = story.pull({ state: 'closed' }).run();
  assert.equal(doing(closed), 'wait PullRequestClosed');
  assert.match(closed.message, /^Pull request #\d+ was closed by hand; reopen it, or `\/rig retry`, or an edit of the/);
  story.pull({ state: 'open' });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  story.pull({ state: 'closed' }).run();
  story.command({ do: 'retry' });
  story.run();
  assert.deepEqual([story.live('work').kind, story.state.lastWork?.attempt], ['implement', 2]);
});

test('a draft of T3 work that was closed by hand is reopened, or prepared again', () => {
  const story = drafted();
  const closed = story.pull({ state: 'closed' }).run();
  assert.equal(doing(closed), 'wait PullRequestClosed');
  assert.match(
    closed.message,
    /was closed by hand; reopen it, or `rig prepare fix-parser` has an agent prepare another/,
  );
  assert.equal(doing(asks(story, 'act-2').run()), 'wait Progressing');
  story.task({ object: 'gone' });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
});

test('a push of a person that takes out what was graded T3 ends the question once it is graded, and the work goes on from there', () => {
  const story = irreversible();
  story.see({ headPushedBy: known(ada, NOON), change: unknown('It is being read.') });
  story.pull({ head: { ...story.shown.head, sha: sha('9') } });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  story.see({ change: known(changeGrade(story.state), NOON) }).run();
  assert.ok(story.types().includes('HUMAN_GATE_CLEARED'));
  assert.deepEqual([story.live('work').kind, story.state.lastWork?.attempt], ['implement', 2]);
});

test('a T3 head that a listed person signed is merged, and both are told in one breath', () => {
  const story = irreversible();
  const at = story.events.length;
  story.approve('merge');
  story.run();
  assert.deepEqual(story.types(at).slice(0, 5), [
    'APPROVAL_VERIFIED',
    'HUMAN_GATE_CLEARED',
    'TASK_CANCELLED',
    'APPROVAL_USED',
    'MERGE_REQUESTED',
  ]);
  const used = story.events.find(({ type }) => type === 'APPROVAL_USED')!.data as { headSHA: string; subject: string };
  assert.deepEqual([used.headSHA, used.subject], [HEAD, 'ada@example.com']);
  assert.deepEqual(
    story.state.usedApprovals.map(({ event }) => event),
    ['MERGE_REQUESTED'],
  );
});

for (const [title, act] of [
  ['of another head', (story: Story) => story.approve('merge', { headSHA: sha('9') })],
  ['for the dispatch', (story: Story) => story.approve('dispatch', { headSHA: HEAD })],
  ['that was taken back', (story: Story) => story.approve('merge').revoke()],
  [
    'that has expired',
    (story: Story) =>
      story
        .approve('merge')
        .later(DAY + 1)
        .pull(),
  ],
  [
    'from before the issue was filed',
    (story: Story) => story.approve('merge', { signedAt: new Date(NOON - DAY).toISOString() }),
  ],
] as const)
  test(`a T3 head is not merged by a signature ${title}`, () => {
    const story = irreversible();
    act(story);
    assert.equal(doing(story.run()), 'wait IrreversibleTier');
    assert.deepEqual([row(story, 'tier')?.state, row(story, 'review')?.state === 'pass'], ['fail', false]);
    assert.ok(!story.types().includes('MERGE_REQUESTED'));
  });

test('one more push voids the signature over a T3 head, and a person is asked again', () => {
  const story = irreversible();
  story.forge = 'refuses';
  story.approve('merge').pull({ labels: ['do-not-merge'] });
  assert.equal(doing(story.run()), 'wait Blocked');
  assert.equal(phaseOf(story.state), 'Merging');
  story.see({ headPushedBy: known(ada, NOON) }).pull({ head: { ...story.shown.head, sha: sha('9') }, labels: [] });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.ok(!story.types().includes('MERGE_REQUESTED'));
});

test('a merge that the forge refuses is asked for again under the same signature, and not once it has expired', () => {
  const story = irreversible();
  story.forge = 'refuses';
  story.approve('merge');
  assert.equal(doing(story.run()), 'wait MergeRefused');
  story.later(story.policy.mergeBackoff).pull();
  story.run();
  assert.equal(story.types().filter((type) => type === 'APPROVAL_USED').length, 2);
  story.later(DAY).pull();
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
});

test('a signed T3 head still needs every other row of the gate', () => {
  for (const [change, reason] of [
    [{ draft: true }, 'Draft'],
    [{ checks: [] }, 'ChecksMissing'],
    [{ containsBase: false }, 'BaseBehind'],
    [{ mergeable: 'conflicting' }, 'Conflict'],
  ] as const) {
    const story = irreversible().approve('merge').pull(change);
    assert.equal(doing(story.run()), `wait ${reason}`);
    assert.ok(!story.types().includes('MERGE_REQUESTED') && story.state.rounds.rework === 0);
  }
});

test('a signed head whose check the verifier has not changed yet is read again, for nobody need tell of that', () => {
  const approvalApp = 'rig-verifier';
  const repository = { ...(irreversible().world.repository as { value: RepositoryPolicy }).value, approvalApp };
  const story = irreversible().see({ repository: known(repository, NOON) });
  const checked = (conclusion: 'action_required' | 'success') => [
    ...story.shown.checks.filter(({ name }) => name !== 'rig/approval'),
    check({ id: 900, name: 'rig/approval', app: approvalApp, headSHA: HEAD, branch: story.shown.head.ref, conclusion }),
  ];
  story.pull({ checks: checked('action_required') }).approve('merge');
  assert.equal(doing(story.run()), 'wait ApprovalCheckRefused');
  assert.equal(story.later(9_999).next().do, 'wait');
  assert.equal(story.later(1).next().do, 'readPullRequest');
  story.pull({ checks: checked('success') });
  story.run();
  assert.ok(story.types().includes('MERGED'));
});

test('the approval of an agent does not count at T3, though it was given before the grade rose', () => {
  const story = inReview();
  story
    .see({ tier: { ...T3, tier: 'T1' } })
    .pull({ labels: ['do-not-merge'] })
    .later(1_000)
    .verdict(true);
  story.run();
  story.see({ change: known(changeGrade(story.state, { tier: 'T3' }), NOON) }).pull({ labels: [] });
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.deepEqual([row(story, 'review')?.state, row(story, 'tier')?.state], ['wait', 'fail']);
});

test('a reviewer is shown a T3 head once, declines it, and is not asked again', () => {
  const story = irreversible();
  assert.equal(story.live('review').headSHA, HEAD);
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  story.finish('review', { reason: 'IrreversibleTier', message: 'A person approves it.' });
  assert.deepEqual([story.state.refusedReview, story.state.failedReviews], [HEAD, 0]);
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.equal(story.state.task.review, null);
  assert.deepEqual(
    story
      .types()
      .filter((type) => type.startsWith('REVIEW_'))
      .slice(-2),
    ['REVIEW_ASSIGNED', 'REVIEW_REFUSED'],
  );
});

test('an agent’s passing verdict at T3 is told as refused, and passes nothing', () => {
  const story = irreversible();
  const report = { type: 'reviewed', passed: true, headSHA: HEAD, by: reviewE, review: 77, threads: 0 } as const;
  story.report(report, 'review');
  assert.ok(story.types().includes('REVIEW_REFUSED') && !story.types().includes('REVIEW_PASSED'));
  assert.equal(story.state.verdict, null);
});

test('a reviewer that fails at a T3 head asks no second person', () => {
  const story = irreversible();
  const gates = story.types().filter((type) => type === 'HUMAN_GATE_TRIGGERED').length;
  for (let round = 0; round < 4 && story.state.task.review !== null; round += 1) {
    story.finish('review', { result: 'failed', reason: 'ModelRefused', message: 'No.' });
    story.later(20 * 60_000).pull();
    story.run();
  }
  assert.equal(story.types().filter((type) => type === 'HUMAN_GATE_TRIGGERED').length, gates);
});

test('a preparation is worked beside the person: the phase stays, a draft comes of it, and the claim ends', () => {
  const story = asks(unbegun());
  assert.equal(doing(story.run()), 'wait Progressing');
  assert.equal(story.live('work').kind, 'prepare');
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  const done = drafted();
  assert.deepEqual([done.state.work, done.state.failures, done.state.pullRequest?.open], [null, 0, true]);
  assert.equal(phaseOf(done.state), 'AwaitingHuman');
  assert.equal(done.run().reason, 'IrreversibleTier');
  assert.equal(done.state.task.review, null, 'a draft is shown to no reviewer');
});

test('what was prepared is merged once it is ready and signed', () => {
  const story = ready(drafted());
  story.run();
  story.approve('merge');
  story.run();
  assert.ok(story.types().includes('MERGED'), story.types().slice(-6).join(', '));
});

test('a preparation that was asked for is given out once', () => {
  const story = asks(asks(unbegun()));
  story.run();
  story.task({ object: 'gone' });
  story.run();
  asks(story);
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.equal(story.types().filter((type) => type === 'ISSUE_ASSIGNED').length, 1);
  asks(story, 'act-2').run();
  assert.equal(story.live('work').kind, 'prepare');
});

test('nothing is prepared below T3, beside another question, or beside who prepares already', () => {
  const asked = { act: 'act-1', by: 'ada', note: null };
  assert.deepEqual(decidePreparation(implementing().state, asked), []);
  const stuck = implementing();
  stuck.report({ type: 'stuck', evidence: 'Round and round.' });
  stuck.run();
  assert.deepEqual(decidePreparation(stuck.state, asked), []);
  const story = asks(unbegun());
  story.run();
  assert.deepEqual(decidePreparation(story.state, { ...asked, act: 'act-2' }), []);
});

test('a preparation waits for a free place, and says so', () => {
  const story = asks(unbegun());
  story.busy = { 'dev-e': 1 };
  assert.equal(doing(story.run()), 'wait ConcurrencyFull');
});

test('the question that was asked before another is not prepared beside that one', () => {
  const story = asks(unbegun());
  story.busy = { 'dev-e': 1 };
  story.run();
  story.wish({ body: 'Otherwise.' }, 2);
  story.busy = {};
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.equal(story.state.work, null);
});

test('T3 work takes a push from a preparation alone, while its pull request is a draft', () => {
  const implement = { kind: 'implement' } as const;
  const prepare = { kind: 'prepare' } as const;
  const refusal = ({ state }: Story, task: Parameters<typeof pushRefusal>[1], draft: boolean | null) =>
    pushRefusal(state, task, { name: 'fix-parser', draft });
  assert.equal(refusal(implementing(), implement, null), null);
  const risen = irreversible();
  assert.match(refusal(risen, implement, null) ?? '', /^Issue fix-parser is graded T3, so .* takes no push/);
  assert.match(refusal(risen, { kind: 'rework' }, true) ?? '', /^Issue fix-parser is graded T3, so .* takes no push/);
  const begun = asks(unbegun());
  begun.run();
  assert.equal(refusal(begun, prepare, null), null, 'before it has a pull request');
  begun.deliver();
  assert.equal(refusal(begun, prepare, true), null);
  for (const draft of [false, null])
    assert.match(
      refusal(begun, prepare, draft) ?? '',
      /its preparation pushes to rig\/fix-parser\/1 only while .* is a draft/,
    );
});

const trusting = (tier: 'T0' | 'T1' | 'T2') => [
  developer({ ceilings: known(new Map([['bugfix', tier]]), NOON) }),
  reviewer(),
];

test('work above every ceiling waits for a person; a dispatch Approval lets it through and is used with the claim', () => {
  const story = new Story().see({ agents: trusting('T0') });
  story.wish();
  assert.equal(doing(story.run()), 'wait CeilingTooLow');
  assert.match(story.state.awaiting!.message, /rig approve fix-parser --scope dispatch lets/);
  const at = story.events.length;
  story.approve('dispatch');
  story.run();
  assert.deepEqual(story.types(at), [
    'APPROVAL_VERIFIED',
    'HUMAN_GATE_CLEARED',
    'ISSUE_ASSIGNED',
    'APPROVAL_USED',
    'TASK_DISPATCHED',
  ]);
});

test('a dispatch Approval covers every attempt until it is taken back', () => {
  const story = new Story().see({ agents: trusting('T0') });
  story.wish();
  story.run();
  story.approve('dispatch').run();
  story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'No.' });
  story.run();
  story.later(60_000).run();
  assert.equal(story.types().filter((type) => type === 'APPROVAL_USED').length, 2);
  story.revoke().finish('work', { result: 'failed', reason: 'TestsFailed', message: 'No.' });
  story.run();
  assert.equal(doing(story.later(60_000).run()), 'wait CeilingTooLow');
});

test('work within a ceiling is given out without using the dispatch Approval that lies there', () => {
  const story = new Story().see({ agents: trusting('T1') });
  story.wish();
  story.append([]);
  story.approve('dispatch').run();
  assert.ok(story.types().includes('ISSUE_ASSIGNED') && !story.types().includes('APPROVAL_USED'));
});

test('a change above its author’s ceiling passes the gate with a dispatch Approval, and not without', () => {
  const story = inReview().see({ agents: trusting('T0') });
  assert.equal(row(story, 'tier')?.reason, 'CeilingTooLow');
  story.approve('dispatch');
  assert.equal(row(story, 'tier')?.state, 'pass');
  assert.equal(consentFor(story.state, 'dispatch', story.now + DAY), null);
});

test('a change that a dispatch Approval alone lets through is merged under it, and the log says so', () => {
  const story = inReview()
    .see({ agents: trusting('T0') })
    .approve('dispatch')
    .later(1_000)
    .verdict(true);
  const at = story.events.length;
  story.run();
  const used = story.events.slice(at).flatMap((event) => (event.type === 'APPROVAL_USED' ? [event.data] : []));
  assert.deepEqual(
    used.map(({ scope, allows }) => [scope, allows]),
    [['dispatch', 'MERGE_REQUESTED']],
  );
  assert.ok(story.types(at).includes('MERGED'));
});

const stopped = [developer({ suspended: true }), reviewer()];

test('the change of an Agent that a person suspended is not merged, until they say otherwise or somebody signs its head', () => {
  const story = inReview().later(1_000).verdict(true).see({ agents: stopped });
  assert.equal(doing(story.run()), 'wait AgentSuspended');
  assert.match(row(story, 'tier')?.message ?? '', /dev-e.* suspended.*`rig approve fix-parser --scope merge`/);
  assert.ok(!story.types().includes('MERGE_REQUESTED'));
  const signed = inReview().later(1_000).verdict(true).see({ agents: stopped }).approve('merge');
  signed.run();
  assert.ok(signed.types().includes('APPROVAL_USED') && signed.types().includes('MERGED'));
  story
    .see({ agents: [developer(), reviewer()] })
    .later(60_000)
    .pull();
  story.run();
  assert.ok(story.types().includes('MERGED') && !story.types().includes('APPROVAL_USED'));
});

test('a dispatch Approval does not merge the change of an Agent that a person suspended', () => {
  const story = inReview().later(1_000).verdict(true).see({ agents: stopped }).approve('dispatch');
  assert.equal(doing(story.run()), 'wait AgentSuspended');
});

test('an Agent that a person suspended is given no rework, and is once it may work again', () => {
  const story = inReview().later(1_000).verdict(false).see({ agents: stopped });
  const last = story.run();
  assert.equal(doing(last), 'wait AgentSuspended');
  assert.match(last.message, /^A review asks for changes\. Agent dev-e mends it once/);
  assert.deepEqual([story.state.rounds.rework, story.state.failures], [0, 0]);
  story.see({ agents: [developer(), reviewer()] }).run();
  assert.equal(story.live('work').kind, 'rework');
});

test('what was signed in the second in which the issue was filed is of it, for a witness tells whole seconds', () => {
  const story = new Story().later(700).see({ agents: trusting('T0') });
  story.wish();
  story.run();
  story.approve('dispatch', { signedAt: new Date(NOON).toISOString() }).run();
  assert.equal(story.live('work').kind, 'implement');
});
