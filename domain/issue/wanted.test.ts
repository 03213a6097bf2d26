import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PULL, sha } from '../testing/facts.ts';
import { implementing, inReview } from '../testing/story.ts';

const MINUTE = 60_000;

// What an earlier conductor did wrong, each by its name. The fifth, a delivery seen twice, is in operator/intake/wanted.int.test.ts.

test('wanted: review is dispatched while the implement pod still runs', () => {
  const story = implementing().deliver();
  story.run();
  assert.deepEqual(
    [story.state.task.work?.kind, story.state.task.review?.headSHA],
    ['implement', story.state.pullRequest?.headSHA],
  );
  story.later(1_000).verdict(true);
  assert.equal(story.live('work').kind, 'implement');
});

test('wanted: a merge conflict goes to rework', () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.pull({ mergeable: 'conflicting' });
  story.run();
  const rework = story.live('work');
  assert.deepEqual([rework.kind, rework.attempt, rework.headSHA], ['rework', 1, story.shown.head.sha]);
  story.push(sha('d')).pull({ head: { ...story.shown.head, sha: sha('d') }, mergeable: 'mergeable' });
  story.ci();
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
  assert.equal(story.types().filter((type) => type === 'PR_CREATED').length, 1);
});

test('wanted: closing a *stale* PR does not cancel the issue', () => {
  const story = inReview();
  story.wish({ body: 'Otherwise.' }, 2);
  story.run();
  story.deliver(sha('1'), PULL + 1).ci();
  const from = story.events.length;
  story.run();
  assert.ok(story.types(from).includes('PR_CLOSED'));
  assert.deepEqual(
    [story.state.ending, story.state.awaiting, story.state.work?.attempt, story.state.pullRequest?.number],
    [null, null, 2, PULL + 1],
  );
  // Nor does a person who closes it, nor the forge that tells of it late.
  story.append([{ type: 'PR_CLOSED', data: { number: PULL, stale: false, by: null } }]);
  story.run();
  assert.deepEqual([story.state.ending, story.state.awaiting, story.state.pullRequest?.open], [null, null, true]);
});

test('wanted: a silent task is lost in minutes, not hours', () => {
  const story = implementing();
  story.task({ started: true, seenAt: story.now }).later(5 * MINUTE + 1);
  story.run();
  const lost = story.events.find(({ type }) => type === 'TASK_LOST');
  assert.ok(lost !== undefined && lost.at - story.events[0]!.at < 6 * MINUTE);
  story.later(MINUTE);
  story.run();
  assert.equal(story.state.work?.attempt, 2);
});
