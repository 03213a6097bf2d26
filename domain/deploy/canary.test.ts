import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tier } from '../events/catalogue.ts';
import type { Action } from '../issue/action.ts';
import { evolveHistory, noHistory } from '../ledger/change.ts';
import { decideDepleted } from '../slo/deplete.ts';
import { live, MERGE, merged, shows } from '../testing/delivery.ts';
import { sha } from '../testing/facts.ts';

const MINUTE = 60_000;
const said = (action: Action) => `${action.do} ${action.reason}`;
const flagger = { kind: 'flagger' } as const;
const given = (revision = MERGE) => ({ revision, deployment: `shop@${revision}`, message: 'Too slow.', aborted: true });

test('a canary of the change itself that was given up is told as such, and another one is waited for', () => {
  const story = shows(merged(flagger), { failed: given(), live: live({ revision: sha('1'), contains: false }) });
  assert.equal(said(story.run()), 'wait CanaryAborted');
  assert.ok(story.types().includes('CANARY_ABORTED'));
  assert.match(
    story.next().message,
    /^The canary of eeeeeeee to production failed: Too slow\. Another one is waited for\.$/,
  );
});

test('a canary that stays given up reopens the issue, with the reason', () => {
  const story = shows(merged(flagger), { failed: given() });
  story.run();
  const last = story.later(10 * MINUTE).next();
  assert.equal(said(last), 'reopen CanaryAborted');
});

test('a canary of a later revision that was given up is a failed deployment, and speaks against nobody', () => {
  const story = shows(merged(flagger), { failed: given(sha('7')) });
  assert.equal(said(story.run()), 'wait DeployFailed');
  assert.ok(!story.types().includes('CANARY_ABORTED'));
});

test('a revision with the change in it that is promoted after all ends what was given up before', () => {
  const story = shows(merged(flagger), { failed: given() });
  story.run();
  shows(story, { live: live({ revision: sha('7') }) }).run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('the same canary that is seen again is told once', () => {
  const story = shows(merged(flagger), { failed: given() });
  story.run();
  shows(story.later(MINUTE), { failed: given() }).run();
  assert.equal(story.types().filter((type) => type === 'CANARY_ABORTED').length, 1);
});

test('a budget that was used up behind a merge is told once, and never of another merge', () => {
  const story = merged(flagger);
  const data = { mergeSHA: MERGE, budget: 'availability', message: 'It was used up.' };
  const decide = (over = {}) =>
    decideDepleted(story.events.reduce(evolveHistory, noHistory), 'T1', { ...data, ...over });
  assert.deepEqual(decide({ mergeSHA: sha('7') }), []);
  assert.deepEqual(story.append(decide()), [{ type: 'SLO_BUDGET_DEPLETED', data }]);
  assert.deepEqual(decide(), []);
});

test('what was merged decides whether a change uses a budget up, and the grade of its issue until that was read', () => {
  const data = { mergeSHA: MERGE, budget: 'availability', message: 'It was used up.' };
  const told = (grade: Tier | null, tier?: Tier) => {
    const story = merged(flagger);
    const read = { mergeSHA: MERGE, baseSHA: sha('c'), taskClass: 'docs', reason: 'So.', files: 1, lines: 1 };
    if (tier !== undefined) story.append([{ type: 'CHANGE_MEASURED', data: { ...read, tier, substance: 'written' } }]);
    return decideDepleted(story.events.reduce(evolveHistory, noHistory), grade, data).length === 1;
  };
  assert.deepEqual([told('T0'), told('T1'), told(null)], [false, true, true]);
  assert.deepEqual([told('T1', 'T0'), told('T0', 'T1')], [false, true]);
});
