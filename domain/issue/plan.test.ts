import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../facts.ts';
import { NOON } from '../testing/facts.ts';
import { inReview, Story } from '../testing/story.ts';
import { changeGrade, developer, reviewer } from '../testing/world.ts';
import { gateOf } from './merging.ts';
import { phaseOf } from './status.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const DIGEST = `sha256:${'f'.repeat(64)}`;
const T2 = { tier: 'T2', taskClass: 'feature', reason: 'Rule api gives the issue tier T2.' } as const;
const row = (story: Story) =>
  gateOf(story.state, story.snapshot(), story.policy, story.now).results.find(({ gate }) => gate === 'tier');

/** Work graded T2 while its plan is made. */
function planning(): Story {
  const story = new Story().see({ tier: T2 });
  story.wish();
  story.run();
  return story;
}
/** {@link planning} once the plan is there and a person is asked about it. */
function planned(): Story {
  const story = planning();
  story.report({ type: 'planProposed', digest: DIGEST, text: 'So.', url: 'https://forge.example/1' });
  story.finish('work', { reason: 'PlanProposed' });
  story.run();
  return story;
}
const kinds = (story: Story) =>
  story.events.flatMap((event) => (event.type === 'TASK_DISPATCHED' ? [event.data.kind] : []));

test('T2 work is planned first: the phase says so, and the plan is what a person is asked about', () => {
  const story = planning();
  assert.deepEqual([story.live('work').kind, phaseOf(story.state)], ['plan', 'Planning']);
  const asked = planned();
  assert.deepEqual([asked.state.plan?.digest, phaseOf(asked.state)], [DIGEST, 'AwaitingHuman']);
  assert.match(asked.state.awaiting!.message, /https:\/\/forge\.example\/1.*rig approve fix-parser --scope interface/);
  assert.deepEqual([asked.state.work, asked.state.failures], [null, 0]);
});

test('T2 work is begun by the plan that a person approved, and the Approval is used with the claim', () => {
  const story = planned();
  const at = story.events.length;
  story.approve('interface').run();
  assert.deepEqual(story.types(at), [
    'APPROVAL_VERIFIED',
    'HUMAN_GATE_CLEARED',
    'ISSUE_ASSIGNED',
    'APPROVAL_USED',
    'TASK_DISPATCHED',
  ]);
  assert.deepEqual(kinds(story), ['plan', 'implement']);
});

for (const scope of ['dispatch', 'merge'] as const)
  test(`T2 work is not begun by an Approval of its ${scope}`, () => {
    const story = planned().approve(scope);
    assert.equal(doing(story.run()), 'wait InterfaceUnapproved');
    assert.deepEqual(kinds(story), ['plan']);
  });

test('T2 work above the ceiling takes two Approvals, one to be planned and both to be begun', () => {
  const agents = [developer({ ceilings: known(new Map([['feature', 'T1' as const]]), NOON) }), reviewer()];
  const story = new Story().see({ tier: T2, agents });
  story.wish();
  assert.equal(doing(story.run()), 'wait CeilingTooLow');
  story.approve('dispatch').run();
  assert.equal(story.live('work').kind, 'plan');
  story.report({ type: 'planProposed', digest: DIGEST, text: 'So.', url: 'https://forge.example/1' });
  story.finish('work', { reason: 'PlanProposed' });
  assert.equal(doing(story.run()), 'wait InterfaceUnapproved');
  story.approve('interface').run();
  const used = story.events.flatMap((event) => (event.type === 'APPROVAL_USED' ? [event.data.scope] : []));
  assert.deepEqual(used, ['dispatch', 'dispatch', 'interface']);
});

test('a T2 change is merged under the Approval of its plan, which the log tells with the merge', () => {
  const story = planned().approve('interface');
  story.run();
  story.deliver().ci();
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  story.see({ terms: { T2: { dispatch: 'agent', gates: ['interfaceApproval'] } } as never }).run();
  const used = story.events.flatMap((event) => (event.type === 'APPROVAL_USED' ? [event.data] : []));
  assert.deepEqual(
    used.map(({ scope, allows }) => `${scope} ${allows}`),
    ['interface ISSUE_ASSIGNED', 'interface MERGE_REQUESTED'],
  );
});

test('an edit of what is asked takes the plan back, and another is made', () => {
  const story = planned();
  story.wish({ body: 'Otherwise.' }, 2);
  story.run();
  assert.deepEqual([story.state.plan, kinds(story)], [null, ['plan', 'plan']]);
});

test('a plan task that ends without a plan has failed', () => {
  const story = planning();
  story.finish();
  assert.equal(doing(story.run()), 'wait Retrying');
  assert.equal(story.state.failures, 1);
});

test('a plan is told once, and by a plan task alone', () => {
  const story = planning();
  const plan = { type: 'planProposed', digest: DIGEST, text: 'So.', url: 'https://forge.example/1' } as const;
  story.report(plan);
  story.report(plan);
  assert.equal(story.types().filter((type) => type === 'PLAN_PROPOSED').length, 1);
  const other = inReview();
  other.report(plan, 'review');
  assert.equal(other.state.plan, null);
});

test('a T2 change is not merged once the Approval of its plan was taken back', () => {
  const story = planned().approve('interface');
  story.run();
  story.deliver();
  assert.equal(row(story)?.state, 'pass');
  story.revoke();
  assert.deepEqual([row(story)?.state, row(story)?.reason], ['fail', 'InterfaceUnapproved']);
});

test('a change that turns out to be T2 and was never planned is not merged, and says what helps', () => {
  const story = inReview();
  story.see({ change: known(changeGrade(story.state, { tier: 'T2' }), NOON) });
  story.run();
  assert.equal(row(story)?.reason, 'InterfaceUnapproved');
  assert.match(row(story)?.message ?? '', /\/rig tier T2/);
  story.command({ do: 'tier', tier: 'T2' });
  story.run();
  assert.equal(story.live('work').kind, 'plan');
});

test('a tier that the policy leaves to people is given to no agent, and is once the policy says otherwise', () => {
  const terms = { T1: { dispatch: 'human', gates: [] } } as const;
  const story = new Story().see({ terms: terms as never });
  story.wish();
  assert.equal(doing(story.run()), 'wait TierOfPeople');
  story.approve('dispatch');
  assert.equal(doing(story.run()), 'wait TierOfPeople');
  story.see({ terms: { T1: { dispatch: 'agent', gates: [] } } as never }).run();
  assert.equal(story.live('work').kind, 'implement');
});

const asked = (tier: 'T1' | 'T2', gates: readonly string[]) => ({ [tier]: { dispatch: 'agent', gates } }) as never;

test('work of any tier is planned first where the policy asks for an approved interface, and is merged by that alone', () => {
  const terms = asked('T1', ['interfaceApproval']);
  const story = new Story().see({ terms });
  story.wish();
  story.run();
  assert.deepEqual([story.live('work').kind, phaseOf(story.state)], ['plan', 'Planning']);
  story.report({ type: 'planProposed', digest: DIGEST, text: 'So.', url: 'https://forge.example/1' });
  story.finish('work', { reason: 'PlanProposed' });
  assert.equal(doing(story.run()), 'wait InterfaceUnapproved');
  story.approve('interface').run();
  story.deliver();
  assert.deepEqual([kinds(story), row(story)?.state], [['plan', 'implement'], 'pass']);
  assert.equal(row(story.revoke())?.reason, 'InterfaceUnapproved');
});

test('T2 work is not planned where the policy asks for no interface, and what waited for one goes on', () => {
  const terms = asked('T2', []);
  const story = new Story().see({ tier: T2, terms });
  story.wish();
  story.run();
  assert.equal(story.live('work').kind, 'implement');
  const waiting = planned().see({ terms });
  waiting.run();
  assert.deepEqual([waiting.live('work').kind, waiting.types().includes('HUMAN_GATE_CLEARED')], ['implement', true]);
});

test('a plan that waits for a person is begun by nobody while nothing grades the work', () => {
  const story = planned().see({ tier: null, terms: asked('T2', []) });
  assert.equal(doing(story.run()), 'wait InterfaceUnapproved');
});

test('a change that was begun before its tier asked for a plan says that an edit has it planned', () => {
  const story = inReview().see({ terms: asked('T1', ['interfaceApproval']) });
  assert.match(row(story)?.message ?? '', /was not planned: an edit of the issue has it planned first/);
  story.wish({ body: 'Otherwise.' }, 2);
  story.run();
  assert.equal(story.live('work').kind, 'plan');
});

test('a tier whose policy asks for a signed merge is merged with one, and not without', () => {
  const story = inReview().see({ terms: { T1: { dispatch: 'agent', gates: ['mergeApproval'] } } as never });
  assert.deepEqual([row(story)?.state, row(story)?.reason], ['fail', 'ApprovalMissing']);
  story.approve('merge');
  assert.equal(row(story)?.state, 'pass');
});
