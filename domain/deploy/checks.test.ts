import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../facts.ts';
import type { Action } from '../issue/action.ts';
import { decideCommand } from '../issue/command.ts';
import { phaseOf } from '../issue/status.ts';
import { deployments, live, MERGE, merged, runs, shows, URL } from '../testing/delivery.ts';
import { ada, NOON, sha } from '../testing/facts.ts';
import type { Story } from '../testing/story.ts';
import { repositoryPolicy } from '../testing/world.ts';
import { decideUndelivered, reopeningOf } from './reopen.ts';

const said = (action: Action) => `${action.do} ${action.reason}`;
const since = (story: Story, type: string) => story.types().slice(story.types().indexOf(type as never) + 1);

/** A story whose change is live and whose commands are to be run. */
function verifying(over: Parameters<typeof merged>[0] = {}): Story {
  return shows(merged({ checks: ['smoke', 'e2e', 'a11y'], ...over }), { live: live() });
}

/** The command fails as often as it may. */
function fail(story: Story): Story {
  for (let turn = 0; turn < 3; turn += 1) {
    runs(story, 'fails');
    story.run();
    story.later(10 * 60_000);
  }
  return story;
}

test('commands run one after the other against the URL of the deployment, then the issue is verified and done', () => {
  const story = verifying();
  const first = runs(story, 'passes');
  assert.deepEqual([first.check, first.url, first.revision], ['smoke', URL, MERGE]);
  assert.equal(runs(story, 'passes').check, 'e2e');
  assert.equal(runs(story, 'passes').check, 'a11y');
  story.run();
  assert.deepEqual(since(story, 'DEPLOYED_PRODUCTION'), [
    'SMOKE_PASSED',
    'E2E_PASSED',
    'A11Y_PASSED',
    'VERIFIED',
    'ISSUE_DONE',
  ]);
  const verified = story.events.find(({ type }) => type === 'VERIFIED')!;
  assert.deepEqual(verified.data, { revision: MERGE, url: URL, checks: ['smoke', 'e2e', 'a11y'] });
});

test('a command that runs is waited for and not begun twice', () => {
  const story = verifying();
  runs(story, 'goes on');
  assert.equal(said(story.next()), 'wait Verifying');
  assert.match(story.next().message, /smoke runs against https:\/\/shop/);
  const problem = 'No node takes the pod.';
  story.see({ checks: new Map([['smoke-1-1', { ended: null, problem }]]) });
  assert.equal(story.next().message, problem);
});

test('a command that failed is run again under a new name, after a pause that doubles', () => {
  const story = verifying();
  const names = [runs(story, 'fails').job];
  const first = story.next();
  assert.ok(first.do === 'wait' && first.reason === 'Retrying');
  assert.equal(first.until, story.now + 30_000);
  story.later(30_000);
  names.push(runs(story, 'fails').job);
  const second = story.next();
  assert.ok(second.do === 'wait');
  assert.equal(second.until, story.now + 60_000);
  story.later(60_000);
  names.push(runs(story, 'passes').job);
  assert.deepEqual(names, ['smoke-1-1', 'smoke-1-2', 'smoke-1-3']);
  assert.equal(runs(story, 'passes').check, 'e2e');
});

test('a command that failed as often as it may reopens the issue and says which; e2e was never begun', () => {
  const story = fail(verifying());
  const action = story.next();
  assert.equal(said(action), 'reopen CheckFailed');
  assert.equal(action.message, 'smoke failed 3 times: it fails.');
  assert.equal(story.types().filter((type) => type === 'SMOKE_FAILED').length, 3);
});

test('a person is asked instead where the Repository wants that, once, and a later deployment is the answer', () => {
  const story = fail(verifying({ onFailure: 'await-human' }));
  story.run();
  story.run();
  assert.equal(story.state.awaiting?.reason, 'CheckFailed');
  assert.equal(story.types().filter((type) => type === 'HUMAN_GATE_TRIGGERED').length, 1);
  shows(story, { live: live({ revision: sha('5'), deployment: 'deployment 2' }) });
  assert.deepEqual([runs(story, 'passes').job, phaseOf(story.state)], ['smoke-2-1', 'Deploying']);
});

test('a later deployment while all goes well is not told: else a busy repository would never be through', () => {
  const story = verifying();
  runs(story, 'passes');
  shows(story, { live: live({ revision: sha('5'), deployment: 'deployment 2' }) });
  assert.equal(runs(story, 'passes').job, 'e2e-1-1');
  assert.equal(story.types().filter((type) => type === 'DEPLOYED_PRODUCTION').length, 1);
});

test('/rig retry runs every command once more, by Jobs of other names', () => {
  const story = fail(verifying({ onFailure: 'await-human' }));
  story.run();
  const decision = decideCommand(story.state, { command: { do: 'retry' }, by: ada, comment: 7 });
  assert.ok(decision.accepted);
  story.append(decision.events);
  assert.deepEqual([runs(story, 'passes').job, phaseOf(story.state)], ['smoke-2-1', 'Deploying']);
});

test('a Job that the cluster lost does not count against the change; five in a row are left to a person', () => {
  const story = verifying({ checks: ['smoke'] });
  for (let turn = 0; turn < 4; turn += 1) {
    runs(story, 'is lost');
    story.run();
    story.later(3_600_000);
  }
  runs(story, 'passes');
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
  const unlucky = verifying();
  for (let turn = 0; turn < 5; turn += 1) {
    runs(unlucky, 'is lost');
    unlucky.run();
    unlucky.later(3_600_000);
  }
  assert.equal(unlucky.run().reason, 'InfrastructureLost');
  assert.equal(unlucky.state.awaiting?.reason, 'InfrastructureLost');
});

test('nobody says a URL: a person is asked, and a URL in the Repository is the answer', () => {
  const story = shows(merged({ checks: ['smoke'] }), { live: live({ url: null }) });
  story.run();
  assert.equal(story.state.awaiting?.reason, 'DeployUrlMissing');
  const deploy = { ...deployments, checks: ['smoke' as const], url: 'http://10.0.0.7/' };
  story.see({ repository: known(repositoryPolicy({ deploy }), NOON) });
  assert.equal(runs(story, 'passes').url, 'http://10.0.0.7/');
  assert.equal(phaseOf(story.state), 'Deploying');
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a URL in the Repository is the one that is checked, whatever who reports a deployment says', () => {
  const story = shows(merged({ checks: ['smoke'], url: 'https://ours.example.org/' }), {
    live: live({ url: 'https://evil.example.org/' }),
  });
  assert.equal(runs(story, 'passes').url, 'https://ours.example.org/');
  story.run();
  const [verified] = story.events.filter(({ type }) => type === 'SMOKE_PASSED');
  assert.equal((verified!.data as { url: string }).url, 'https://ours.example.org/');
});

test('reopened, the issue is queued for an attempt that starts from the base and is told why', () => {
  const story = fail(verifying());
  const action = story.next();
  story.append(decideUndelivered(story.state, story.state, action.reason, action.message));
  const { state } = story;
  assert.deepEqual([state.merged, state.pullRequest, state.forwarded], [null, null, []]);
  assert.deepEqual(state.delivery.reopened, { reason: 'CheckFailed', message: 'smoke failed 3 times: it fails.' });
  story.run();
  assert.equal(story.state.work?.branch, 'rig/fix-parser/2');
  story.see({ pullRequest: { known: false, why: 'There is none yet.' } });
  assert.deepEqual(
    decideUndelivered(story.state, story.state, 'CheckFailed', 'Again.'),
    [],
    'what is not merged cannot have failed',
  );
});

test('what is told while an issue is reopened keeps that back only where it changes what became of the change', () => {
  const story = fail(verifying());
  const { reason, message } = story.next();
  const before = story.state;
  const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
  const work = { task: 'fix-parser-implement-1-1', kind: 'implement' as const, fence: '1.1', agent: 'dev-e' };
  story.append([{ type: 'TOKENS_USED', data: { ...work, model: 'm', provider: 'p', tokens, requests: 1 } }]);
  assert.deepEqual(
    decideUndelivered(story.state, before, reason, message).map(({ type }) => type),
    ['ISSUE_REOPENED'],
  );
  assert.equal(reopeningOf(story.state), reopeningOf(before));
  story.append([{ type: 'DEPLOYED_PRODUCTION', data: { ...before.delivery.production!, deployment: 'next' } }]);
  assert.deepEqual(decideUndelivered(story.state, before, reason, message), []);
});

test('an issue that was reopened twice is left to a person the third time', () => {
  const story = verifying();
  for (const turn of [1, 2]) {
    fail(story);
    const action = story.next();
    assert.equal(action.do, 'reopen', `turn ${turn}`);
    story.append(decideUndelivered(story.state, story.state, action.reason, action.message));
    story.append([{ type: 'MERGED', data: { number: 34, headSHA: sha('a'), mergeSHA: MERGE, by: null } }]);
  }
  fail(story);
  story.run();
  assert.equal(story.state.awaiting?.reason, 'CheckFailed');
});
