import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import { ada, conductor, HEAD, PULL, pullRequest, sha } from '../testing/facts.ts';
import { implementing, inReview, type Story } from '../testing/story.ts';
import { phaseOf } from './status.ts';

const byAda = { state: 'merged', mergeSHA: sha('e'), mergedBy: ada } as const;

/** The second attempt is at work, and the pull request of the first is still open at the forge. */
function again(): Story {
  const story = implementing().deliver(HEAD, PULL);
  story.wish({ body: 'Parse them once, and say so.' }, 2);
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.stalePullRequests], [2, [PULL]]);
  return story;
}

/** What the forge shows of the pull request of the first attempt. */
function stale(story: Story, change: Parameters<typeof pullRequest>[0], readAt = story.now): Story {
  return story.see({
    stalePulls: [{ number: PULL, facts: known(pullRequest({ number: PULL, ...change }), story.now), readAt }],
  });
}

test('a person merges the pull request of an earlier attempt, which closes the issue: it is done, and the agent is released', () => {
  const story = again().later(1_000);
  stale(story, byAda).see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  story.run();
  assert.deepEqual([phaseOf(story.state), story.state.work, story.state.merged?.headSHA], ['Done', null, HEAD]);
  const merges = story.events.filter(({ type }) => type === 'MERGED');
  assert.deepEqual(
    merges.map(({ data }) => data),
    [{ number: PULL, headSHA: HEAD, mergeSHA: sha('e'), by: ada }],
  );
});

test('the pull request of an earlier attempt is merged while that of the newest is open: the newest is closed, and never merged besides', () => {
  const story = again();
  story.deliver(sha('d'), PULL + 1);
  stale(story, byAda);
  story.run();
  assert.equal(phaseOf(story.state), 'Done');
  const closed = story.actions.filter((action) => action.do === 'closeStalePullRequest');
  assert.deepEqual(
    closed.map(({ number, message }) => [number, message]),
    [[PULL + 1, `The change was merged without #${PULL + 1}.`]],
  );
  assert.equal(story.types().includes('MERGE_REQUESTED'), false);
});

test('the issue is closed while the pull request of an earlier attempt may be open: it is read before that is taken for a no', () => {
  const story = again().later(60_000);
  stale(story, {}, story.now - 1).see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  assert.equal(story.next().do, 'wait');
  const read = story.later(60_000).next();
  assert.deepEqual([read.do, read.do === 'readPullRequest' && read.number], ['readPullRequest', PULL]);
  stale(story, {}).run();
  assert.equal(phaseOf(story.state), 'Cancelled');
});

test('the pull request of an earlier attempt is merged, and as which commit is not told: it is asked for', () => {
  const story = again().later(60_000);
  stale(story, { ...byAda, mergeSHA: null }, 0);
  const read = story.next();
  assert.deepEqual([read.do, read.do === 'readPullRequest' && read.number], ['readPullRequest', PULL]);
});

test('a pull request that a person merges into another branch than the default one ends no issue: a person is asked', () => {
  const story = inReview();
  story.pull({ ...byAda, base: { ...story.shown.base, ref: 'release' } });
  const last = story.run();
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  assert.match(last.message, /was merged into release, not into main/);
  assert.equal(story.types().includes('MERGED'), false);
  story.wish({ body: 'Into main, please.' }, 2);
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.stalePullRequests], [2, []]);
});

test('the issue is closed after its pull request was merged into another branch: that is a person’s no', () => {
  const story = inReview();
  story.pull({ ...byAda, base: { ...story.shown.base, ref: 'release' } });
  story.run();
  story.later(1_000).see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  story.run();
  assert.equal(phaseOf(story.state), 'Cancelled');
});

test('a merge while the Repository is not known is told when it is, and meanwhile not taken for a cancellation', () => {
  const story = inReview();
  const { repository } = story.world;
  story.pull(byAda).see({ repository: unknown('The Repository is not Ready.') });
  story.see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  story.run();
  assert.equal(story.state.ending, null);
  story.see({ repository }).run();
  assert.equal(phaseOf(story.state), 'Done');
});

for (const [what, end] of [
  ['/rig cancel', (story: Story) => void story.command({ do: 'cancel' })],
  [
    'a close at the forge',
    (story: Story) => {
      story.later(1).pull().see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
      story.run();
    },
  ],
] as const) {
  test(`a merge that was on its way takes effect after ${what}: it is told, and the issue goes on behind it`, () => {
    const story = inReview().later(1_000).verdict(true);
    assert.equal(story.next().do, 'merge');
    story.append([{ type: 'MERGE_REQUESTED', data: { number: PULL, headSHA: HEAD, method: 'squash' } }]);
    end(story);
    assert.equal(phaseOf(story.state), 'Cancelled');
    story.pull({ ...byAda, mergedBy: conductor });
    story.run();
    assert.deepEqual([phaseOf(story.state), story.types().filter((type) => type === 'MERGED').length], ['Done', 1]);
  });
}

test('who cancels while a merge is asked for is told that it may have left', () => {
  const story = inReview().later(1_000).verdict(true);
  story.append([{ type: 'MERGE_REQUESTED', data: { number: PULL, headSHA: HEAD, method: 'squash' } }]);
  assert.match(story.command({ do: 'cancel' }).message, /if it has left already, the issue goes on behind it/);
});
