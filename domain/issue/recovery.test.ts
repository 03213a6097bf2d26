import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD, PULL, pullRequest, sha } from '../testing/facts.ts';
import { Story } from '../testing/story.ts';
import { branchBefore, decideRecovery, type Remains } from './recovery.ts';

const RECOVERY = { id: 'recovery-1', fence: '9.50', lostSince: '2030-01-01T11:00:00.000Z' };
const NOTHING: Remains = { attempt: 0, branch: null, pullRequest: null, number: null, read: true };
const LOST = {
  ...NOTHING,
  attempt: 2,
  branch: 'rig/i/2',
  pullRequest: { number: PULL, url: 'https://forge.test/7', headSHA: HEAD, branch: 'rig/i/2' },
};

function recover(story: Story, remains: Remains): string[] {
  const at = story.events.length;
  story.append(decideRecovery(story.state, RECOVERY, remains));
  return story.types(at);
}

function working(): Story {
  const story = new Story();
  story.wish({ number: 7 });
  story.run();
  return story;
}

test('what ran is ended without blame, and the next attempt has a number that was never used', () => {
  const story = working();
  assert.deepEqual(recover(story, LOST), ['TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'RECOVERED']);
  assert.equal(story.state.failures, 0);
  assert.deepEqual([story.state.work, story.state.task.work], [null, null]);
  assert.equal(story.state.lastWork?.attempt, 2);
});

test('a recovery that is told twice ends nothing twice', () => {
  const story = working();
  recover(story, LOST);
  assert.deepEqual(recover(story, LOST), []);
});

test('the attempt after a recovery follows the newest one that left a trace, and closes the pull request of that', () => {
  const story = working();
  recover(story, LOST);
  story.pull(pullRequest({ number: PULL, reviews: [], checks: [], threads: [] }));
  story.run();
  assert.equal(story.state.work?.attempt, 3);
  assert.deepEqual(story.state.stalePullRequests, [PULL]);
  story.deliver(sha('9'), PULL + 1);
  story.run();
  assert.ok(story.actions.some((action) => action.do === 'closeStalePullRequest' && action.number === PULL));
});

test('a pull request that was merged in the lost time is found merged, and nothing is merged again', () => {
  const story = working();
  recover(story, LOST);
  const before = story.actions.length;
  story.pull(pullRequest({ number: PULL, state: 'merged', mergeSHA: sha('f'), reviews: [], checks: [], threads: [] }));
  story.run();
  assert.equal(story.state.merged?.sha, sha('f'));
  assert.ok(story.actions.slice(before).every((action) => action.do !== 'merge' && action.do !== 'enqueue'));
});

test('where the forge could not be read a person looks before anything goes on', () => {
  const story = working();
  assert.equal(recover(story, { ...LOST, read: false }).at(-1), 'HUMAN_GATE_TRIGGERED');
  assert.equal(story.run().reason, 'DatabaseRestored');
  story.wish({ number: 7, title: 'Look again' }, 2);
  story.run();
  assert.equal(story.state.work?.attempt, 3);
});

test('an issue that was done before the backup is left alone, one that went on since keeps its count', () => {
  const story = working();
  story.append([{ type: 'ISSUE_CANCELLED', data: { reason: 'CancelledByPerson', message: 'No.' } }]);
  assert.deepEqual(recover(story, NOTHING), []);
  assert.deepEqual(recover(story, LOST).at(-1), 'RECOVERED');
  assert.equal(story.state.ending?.kind, 'Cancelled');
  assert.equal(story.state.lastWork?.attempt, 2);
});

test('the number that the forge gave in the lost time is taken up, so that the issue is not filed again', () => {
  const story = new Story();
  story.wish({ number: null });
  assert.deepEqual(recover(story, { ...NOTHING, number: 12 }), ['ISSUE_EDITED', 'RECOVERED']);
  assert.equal(story.state.spec?.number, 12);
});

test('the attempt after a recovery starts on the branch of the lost one, the attempt after that where it stopped itself', () => {
  const story = working();
  story.push(HEAD);
  assert.equal(branchBefore(story.state), 'rig/fix-parser/1');
  recover(story, LOST);
  story.run();
  assert.deepEqual([story.state.work?.attempt, branchBefore(story.state)], [3, 'rig/i/2']);
  story.push(sha('9'));
  assert.equal(branchBefore(story.state), 'rig/fix-parser/3');
});

test('an issue of which nothing was pushed has no branch to go on from, recovered or not', () => {
  const story = working();
  assert.equal(branchBefore(story.state), null);
  recover(story, NOTHING);
  assert.equal(branchBefore(story.state), null);
});
