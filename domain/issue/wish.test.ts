import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD, PULL } from '../testing/facts.ts';
import { implementing, inReview, Story } from '../testing/story.ts';
import { spec } from '../testing/world.ts';
import { decideFiled, decideWish } from './decide.ts';
import { replay } from './evolve.ts';
import { phaseOf } from './status.ts';

const wish = (over = {}, generation = 1, uid = 'uid-1') => ({ uid, generation, spec: spec(over) });

test('a wish is filed once, however often it is seen', () => {
  const story = new Story();
  assert.deepEqual(story.wish(), [{ type: 'ISSUE_FILED', data: wish() }]);
  assert.deepEqual(story.wish(), []);
});

test('a newer generation without a change that the rules know adds nothing', () => {
  const story = new Story();
  story.wish();
  assert.deepEqual(story.wish({}, 2), []);
});

test('an older generation than the recorded one is not taken', () => {
  const story = new Story();
  story.wish({}, 3);
  assert.deepEqual(story.wish({ title: 'An old title' }, 2), []);
});

test('a task spec that comes back from the log with its keys in another order is not an edit', () => {
  const story = new Story();
  story.wish({ taskSpec: { files: ['index.js'], goal: 'Parse once' } });
  const seen = story.wish({ taskSpec: { goal: 'Parse once', files: ['index.js'] }, priority: 'high' }, 2);
  assert.deepEqual(
    seen.map((event) => event.type === 'ISSUE_EDITED' && event.data.changed),
    [['priority']],
  );
});

test('the number given at the forge stays, though the object never says it', () => {
  const story = new Story();
  story.wish({ number: null });
  story.append(decideFiled(story.state, 12));
  assert.deepEqual(story.wish({ number: null }, 2), []);
  assert.equal(story.state.spec?.number, 12);
  assert.deepEqual(decideFiled(story.state, 12), []);
});

test('an issue that was never seen gets no number', () => {
  assert.deepEqual(decideFiled(new Story().state, 12), []);
});

for (const [field, change] of Object.entries({
  title: { title: 'Another title' },
  body: { body: 'Another body' },
  taskSpec: { taskSpec: { goal: 'Another goal' } },
  tier: { tier: 'T2' as const },
})) {
  test(`an edit of ${field} in mid-flight ends task and claim without blame, and the next attempt starts with the new text`, () => {
    const story = implementing();
    story.wish(change, 2);
    story.run();
    assert.deepEqual(story.types(4), [
      'ISSUE_EDITED',
      'TASK_CANCELLED',
      'ISSUE_UNASSIGNED',
      'ISSUE_CLASSIFIED',
      ...(field === 'tier' ? ['TIER_RAISED'] : []),
      'ISSUE_ASSIGNED',
      'TASK_DISPATCHED',
    ]);
    const { work, failures } = story.state;
    assert.deepEqual([work?.attempt, work?.generation, failures], [2, 2, 0]);
  });
}

for (const [field, change] of Object.entries({
  priority: { priority: 'critical' as const },
  labels: { labels: ['bug', 'parser'] },
  dependsOn: { dependsOn: ['split-lexer'] },
})) {
  test(`an edit of ${field} in mid-flight is graded anew and leaves the task alone`, () => {
    const story = implementing();
    story.wish(change, 2);
    story.run();
    assert.deepEqual(story.types(4), ['ISSUE_EDITED', 'ISSUE_CLASSIFIED']);
    assert.equal(story.live('work').attempt, 1);
  });
}

test('an edit during review ends both tasks; the pull request of the old text is closed by the next attempt', () => {
  const story = inReview();
  const before = story.events.length;
  story.wish({ body: 'Parse them never.' }, 2);
  story.run();
  assert.deepEqual(story.types(before).slice(0, 3), ['ISSUE_EDITED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED']);
  assert.deepEqual([story.state.stalePullRequests, story.state.pullRequest], [[PULL], null]);
  story.deliver(HEAD.replaceAll('a', '1'), PULL + 1);
  story.run();
  assert.deepEqual(
    story.events.filter((event) => event.type === 'PR_CLOSED').map((event) => event.data),
    [{ number: PULL, stale: true, by: null }],
  );
  assert.equal(story.state.pullRequest?.number, PULL + 1);
  assert.equal(story.state.ending, null);
});

test('an edit gives back the attempts of a failed issue', () => {
  const story = implementing();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' });
    story.run();
    story.later(3_600_000).run();
  }
  assert.equal(story.state.ending?.kind, 'Failed');
  story.wish({ body: 'Parse them once, in the lexer.' }, 2);
  story.run();
  assert.deepEqual([story.state.ending, story.state.failures, story.state.work?.attempt], [null, 0, 4]);
});

test('an object that was deleted and applied again is asked for again; what ran for the old one ends, attempts count on', () => {
  const story = implementing();
  story.wish({}, 1, 'uid-2');
  assert.deepEqual(story.types(4), ['TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_REOPENED']);
  story.run();
  assert.deepEqual([story.state.uid, story.state.work?.attempt, phaseOf(story.state)], ['uid-2', 2, 'Implementing']);
});

test('a done issue that is applied again is worked on again: its merged pull request does not answer the new wish', () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(phaseOf(story.state), 'Done');
  story.wish({}, 1, 'uid-2');
  story.run();
  assert.deepEqual([phaseOf(story.state), story.state.work?.attempt], ['Implementing', 2]);
});

test('a wish that is asked for again remembers stale pull requests and the reviews it has seen', () => {
  const story = inReview();
  story.verdict(false);
  const { seenReviews } = story.state;
  story.wish({}, 1, 'uid-2');
  story.run();
  assert.deepEqual([story.state.stalePullRequests, story.state.seenReviews], [[PULL], seenReviews]);
});

test('a log replayed in pieces gives the state of the whole', () => {
  const story = inReview();
  const half = replay(story.events.slice(0, 6));
  assert.equal(half.version, 6);
  assert.deepEqual(decideWish(half, wish()), []);
  assert.deepEqual(replay(story.events), story.state);
});
