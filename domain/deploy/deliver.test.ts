import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import type { Action } from '../issue/action.ts';
import { phaseOf } from '../issue/status.ts';
import { deployments, live, MERGE, merged, runs, shows, stage } from '../testing/delivery.ts';
import { NOON, sha } from '../testing/facts.ts';
import type { Story } from '../testing/story.ts';
import { repositoryPolicy } from '../testing/world.ts';

const MINUTE = 60_000;
const said = (action: Action) => `${action.do} ${action.reason}`;
const after = (story: Story, type: string) => story.types().slice(story.types().indexOf(type as never) + 1);

test('merged and nothing deployed yet: the claim ends, the phase is Deploying, and the sentence says what is waited for', () => {
  const story = shows(merged(), {});
  assert.equal(said(story.run()), 'wait DeployPending');
  assert.equal(story.next().message, 'No deployment has been told of yet.');
  assert.deepEqual([phaseOf(story.state), story.state.work], ['Deploying', null]);
  assert.deepEqual(after(story, 'MERGED'), ['ISSUE_UNASSIGNED']);
});

test('what is live does not have the change in it: that is waited for, and is no roll-back before it ever was live', () => {
  const story = shows(merged(), { live: live({ revision: sha('1'), contains: false }), says: 'Not yet.' });
  assert.equal(said(story.run()), 'wait DeployPending');
  assert.deepEqual(after(story, 'ISSUE_UNASSIGNED'), []);
});

test('live with the change in it and no command to prove it: done, and not called verified', () => {
  const story = shows(merged(), { live: live({ revision: sha('2') }) });
  const last = story.run();
  assert.deepEqual(after(story, 'ISSUE_UNASSIGNED'), ['DEPLOYED_PRODUCTION', 'ISSUE_DONE']);
  assert.match(last.message, /live in production at 22222222; the Repository names no command/);
});

test('a deployer that cannot be read lets nothing pass, and is left to a person when the time is over', () => {
  const story = merged().see({ delivery: unknown('The forge does not answer.') });
  assert.equal(said(story.run()), 'wait FactUnknown');
  story.later(61 * MINUTE);
  assert.equal(said(story.run()), 'wait DeployTimedOut');
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  assert.match(story.state.awaiting!.message, /The forge does not answer\. That has been so for 60 min\..*\/rig retry/);
});

test('a deployer that never reports is a wait with an end, then one question to a person, whom a late report answers', () => {
  const story = shows(merged({ timeoutMs: 5 * MINUTE }), {});
  const action = story.run();
  assert.ok(action.do === 'wait' && action.until! <= story.now + 5 * MINUTE);
  story.later(5 * MINUTE);
  story.run();
  story.later(MINUTE);
  story.run();
  assert.equal(story.types().filter((type) => type === 'HUMAN_GATE_TRIGGERED').length, 1);
  shows(story, { live: live() }).run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a stage before production is told once, and production is waited for all the same', () => {
  const story = merged({ staging: true });
  const staging = stage({ environment: 'preview', live: live({ deployment: 'deployment 9' }) });
  shows(story, { says: 'Not in production yet.' }, stage({ environment: 'preview', says: 'Not even in preview.' }));
  assert.equal(story.run().message, 'Not even in preview.');
  shows(story, { says: 'Not in production yet.' }, staging).run();
  assert.equal(story.run().message, 'Not in production yet.');
  shows(story, { live: live() }, staging).run();
  assert.deepEqual(after(story, 'ISSUE_UNASSIGNED'), ['DEPLOYED_STAGING', 'DEPLOYED_PRODUCTION', 'ISSUE_DONE']);
});

const failed = { revision: MERGE, deployment: 'deployment 1', message: 'out of memory' };
const preview = (over: Parameters<typeof stage>[0] = {}) => stage({ environment: 'preview', ...over });

test('live in production before the stage that is waited for: nothing is checked and nothing is done until that stage has the change', () => {
  const story = merged({ staging: true, checks: ['smoke'] });
  shows(story, { live: live() }, preview({ says: 'Not even in preview.' }));
  assert.equal(said(story.run()), 'wait DeployPending');
  assert.equal(
    story.next().message,
    'The change is live in production; preview is waited for as well: Not even in preview.',
  );
  assert.deepEqual(after(story, 'ISSUE_UNASSIGNED'), ['DEPLOYED_PRODUCTION']);
  shows(story, { live: live() }, preview({ live: live({ revision: sha('9'), deployment: 'deployment 9' }) }));
  assert.equal(runs(story, 'passes').check, 'smoke');
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a stage before production at a revision without the change, or none that is known of, holds what is live in production', () => {
  const story = shows(merged({ staging: true }), { live: live() }, preview({ live: live({ contains: false }) }));
  assert.equal(said(story.run()), 'wait DeployPending');
  shows(story, { live: live() });
  assert.equal(said(story.run()), 'wait DeployPending');
  assert.match(story.next().message, /the stage before it is waited for as well/);
  story.see({ delivery: unknown('The forge does not answer.') });
  assert.equal(said(story.run()), 'wait FactUnknown');
  assert.equal(story.state.ending, null);
});

for (const order of ['before', 'after'] as const)
  test(`the stage before production failed ${order} production had the change: told once, another is waited for, then the issue is reopened`, () => {
    const story = merged({ staging: true });
    if (order === 'before') shows(story, {}, preview({ failed })).run();
    else shows(story, { live: live() }, preview()).run();
    shows(story, { live: live() }, preview({ failed }));
    assert.equal(said(story.run()), 'wait DeployFailed');
    assert.match(story.next().message, /to preview failed: out of memory/);
    story.later(10 * MINUTE);
    assert.equal(said(story.next()), 'reopen DeployFailed');
    shows(story, { live: live() }, preview({ live: live({ deployment: 'deployment 2' }) })).run();
    assert.equal(story.types().filter((type) => type === 'DEPLOY_FAILED').length, 1);
    assert.equal(story.state.ending?.kind, 'Done');
  });

test('a stage before production that is never reported is asked of a person once, however often production is deployed; its report is the answer', () => {
  const story = shows(merged({ staging: true, timeoutMs: 5 * MINUTE }), { live: live() }, preview());
  story.run();
  story.later(5 * MINUTE);
  story.run();
  assert.equal(story.state.awaiting?.reason, 'DeployTimedOut');
  shows(story, { live: live({ revision: sha('5'), deployment: 'deployment 2' }) }, preview());
  story.run();
  assert.equal(story.state.awaiting?.reason, 'DeployTimedOut');
  assert.equal(story.types().filter((type) => type === 'DEPLOYED_PRODUCTION').length, 1);
  shows(story, {}, preview({ live: live() }));
  story.run();
  assert.equal(story.state.awaiting, null, 'what was asked for is there');
});

test('a stage that comes late gives production its own time, and a stage that is asked for no longer holds nothing', () => {
  const story = shows(merged({ staging: true, timeoutMs: 5 * MINUTE }), {}, preview());
  story.run();
  story.later(5 * MINUTE);
  story.run();
  shows(story, {}, preview({ live: live() }));
  assert.equal(said(story.run()), 'wait DeployPending');
  story.later(5 * MINUTE);
  assert.equal(said(story.run()), 'wait DeployTimedOut');
  const other = shows(merged({ staging: true }), { live: live() }, preview({ failed }));
  other.run();
  other.see({ repository: known(repositoryPolicy({ deploy: deployments }), NOON) });
  shows(other, { live: live() }).run();
  assert.equal(other.state.ending?.kind, 'Done');
});

test('both environments failed: each look adds nothing to what the log says', () => {
  const story = merged({ staging: true });
  const later = { ...failed, deployment: 'deployment 2' };
  shows(story, { failed: later }, preview({ failed }));
  const action = story.run();
  assert.equal(said(action), 'wait DeployFailed');
  const told = story.types().length;
  story.later(MINUTE);
  story.run();
  assert.equal(story.types().length, told);
  shows(story, { failed: later }, preview({ live: live({ deployment: 'deployment 3' }) }));
  assert.match(story.run().message, /to production failed/);
});

test('a deployment that failed is told once; another one is waited for, and when it succeeds the issue is done', () => {
  const story = shows(merged(), { failed });
  assert.equal(said(story.run()), 'wait DeployFailed');
  story.later(MINUTE);
  story.run();
  assert.deepEqual(after(story, 'ISSUE_UNASSIGNED'), ['DEPLOY_FAILED']);
  shows(story, { live: live({ deployment: 'deployment 2' }) }).run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a failed deployment that nothing follows reopens the issue, or asks a person where the Repository wants that', () => {
  const first = shows(merged(), { failed });
  first.run();
  first.later(10 * MINUTE);
  assert.equal(said(first.next()), 'reopen DeployFailed');
  const second = shows(merged({ onFailure: 'await-human' }), { failed });
  second.run();
  second.later(10 * MINUTE);
  second.run();
  assert.match(second.state.awaiting?.message ?? '', /eeeeeeee to production failed: out of memory/);
});

test('a failure of the stage before production is told with its environment', () => {
  const story = merged({ staging: true });
  shows(story, {}, stage({ environment: 'preview', failed })).run();
  const event = story.events.find(({ type }) => type === 'DEPLOY_FAILED')!;
  assert.deepEqual((event.data as { environment: string }).environment, 'preview');
});

test('what is live lost the change before the issue was done: told, looked at for a while, then reopened', () => {
  const story = shows(merged({ checks: ['smoke'] }), { live: live() });
  assert.equal(said(story.next()), 'verify Verifying');
  const gone = live({ revision: sha('3'), contains: false, deployment: 'deployment 2' });
  shows(story, { live: gone });
  assert.equal(said(story.run()), 'wait RolledBack');
  assert.equal(story.types().at(-1), 'ROLLED_BACK');
  story.later(9 * MINUTE);
  assert.equal(said(story.run()), 'wait RolledBack');
  story.later(MINUTE);
  assert.equal(said(story.next()), 'reopen RolledBack');
  assert.equal(story.types().filter((type) => type === 'ROLLED_BACK').length, 1);
});

test('taken back and deployed again within that while: checked from the beginning, by a Job of another name', () => {
  const story = shows(merged({ checks: ['smoke'] }), { live: live() });
  const before = story.next();
  shows(story, { live: live({ revision: sha('3'), contains: false }) }).run();
  shows(story, { live: live({ revision: sha('4'), deployment: 'deployment 3' }) });
  const again = story.next();
  assert.ok(before.do === 'verify' && again.do === 'verify');
  assert.deepEqual([before.job, again.job, again.revision], ['smoke-1-1', 'smoke-2-1', sha('4')]);
});

test('taken down with nothing in its place, after the checks: not done, and nothing is called rolled back', () => {
  const story = shows(merged(), { live: live() });
  story.next();
  shows(story, { says: 'Deployment 1 is inactive.' });
  assert.equal(story.run().message, 'Deployment 1 is inactive.');
  assert.equal(story.types().includes('ROLLED_BACK'), false);
  assert.equal(story.state.ending, null);
});

test('a deployer that cannot be read at the very end keeps the issue from being done', () => {
  const story = shows(merged(), { live: live() });
  story.next();
  story.see({ delivery: unknown('The forge does not answer.') });
  assert.equal(said(story.run()), 'wait FactUnknown');
});

test('a kind that cannot be followed is a question; a kind that can, or none, is heard as its answer', () => {
  const story = merged({ kind: 'xcode-cloud' });
  story.run();
  assert.equal(story.state.awaiting?.reason, 'DeployUnsupported');
  story.see({ repository: known(repositoryPolicy({ deploy: deployments }), NOON) });
  shows(story, { live: live() }).run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a Repository that is not ready after the merge is waited for', () => {
  const story = merged().see({ repository: unknown('It is not Ready.') });
  assert.equal(said(story.run()), 'wait RepositoryNotReady');
});
