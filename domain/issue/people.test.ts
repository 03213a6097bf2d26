import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, unknown } from '../facts.ts';
import { ada, HEAD, PULL, sha } from '../testing/facts.ts';
import { implementing, inReview, Story } from '../testing/story.ts';
import { decideApproved } from './command.ts';
import { phaseOf } from './status.ts';
import { defaultPolicy } from './world.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const merged = (story: Story, headSHA = HEAD) =>
  story.pull({ state: 'merged', mergeSHA: sha('e'), mergedBy: ada, head: { ...story.shown.head, sha: headSHA } });

test('a suspended issue ends what runs, waits, and goes on with a new attempt without blame', () => {
  const story = implementing();
  story.wish({ suspend: true }, 2);
  assert.equal(doing(story.run()), 'wait Suspended');
  assert.deepEqual(story.types(4), ['ISSUE_EDITED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED']);
  story.wish({}, 3);
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.failures], [2, 0]);
});

test('an issue that is filed suspended is not even graded', () => {
  const story = new Story();
  story.wish({ suspend: true });
  assert.equal(doing(story.run()), 'wait Suspended');
  assert.deepEqual(story.types(), ['ISSUE_FILED']);
});

test('a merge that a delivery tells is read whole before it is told, so that it is told by whom', () => {
  const story = inReview();
  const pause = defaultPolicy.readInterval;
  story.later(pause).pull({ state: 'merged', mergeSHA: null, mergedBy: null });
  assert.deepEqual(doing(story.next()), 'wait FactUnknown');
  story.later(pause);
  assert.equal(story.next().do, 'readPullRequest');
  assert.ok(!story.types().includes('MERGED'));
  merged(story).run();
  const told = story.events.find(({ type }) => type === 'MERGED')!;
  assert.deepEqual((told.data as { by: unknown }).by, ada);
});

test('a merge by the merge queue of the forge is told as the queue’s, and ends the issue', () => {
  const story = inReview();
  const queue: Actor = { id: 118344674, login: 'github-merge-queue[bot]', kind: 'bot' };
  story.pull({ state: 'merged', mergeSHA: sha('e'), mergedBy: queue });
  story.run();
  const told = story.events.find(({ type }) => type === 'MERGED')!;
  assert.deepEqual((told.data as { by: unknown }).by, queue);
  assert.ok(!story.types().includes('MERGE_REQUESTED'));
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a change in the merge queue of the forge is waited for, not merged again', () => {
  const story = inReview();
  story.later(1_000).pull({ mergeQueue: 'entered' }).verdict(true);
  assert.equal(doing(story.run()), 'wait MergeQueued');
  story.pull({ mergeQueue: 'required' });
  assert.equal(doing(story.run()), 'wait MergeQueueRequired');
  assert.ok(!story.types().includes('MERGE_REQUESTED'));
});

test('a pull request closed by hand ends the work and asks a person; reopened, the issue goes on', () => {
  const story = inReview();
  story.pull({ state: 'closed' });
  assert.equal(doing(story.run()), 'wait PullRequestClosed');
  // What the sentence promises is what the rest of this test sees.
  assert.match(story.state.awaiting?.message ?? '', /next attempt begins, whose own pull request replaces this one/);
  assert.deepEqual(
    story.events.slice(-4).map((event) => event.type),
    ['PR_CLOSED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'HUMAN_GATE_TRIGGERED'],
  );
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  story.pull({ state: 'open' });
  story.run();
  assert.deepEqual([story.state.awaiting, story.state.work?.attempt, story.state.stalePullRequests], [null, 2, [PULL]]);
});

test('a stale pull request that is closed does not touch the issue', () => {
  const story = inReview();
  story.append([{ type: 'PR_CLOSED', data: { number: 33, stale: true, by: null } }]);
  assert.equal(doing(story.run()), 'wait Progressing');
  assert.equal(story.state.pullRequest?.open, true);
});

test('a person merges while the review runs: the merge is recognised, what runs is ended, the issue is done', () => {
  const story = merged(inReview());
  story.run();
  assert.deepEqual(
    story.events.slice(-4).map((event) => event.type),
    ['MERGED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_DONE'],
  );
  const by = story.events.findLast((event) => event.type === 'MERGED');
  assert.deepEqual(by?.data.by, ada);
});

test('a person merges what was waiting for a person', () => {
  const story = inReview();
  story.report({ type: 'asked', question: 'Which one?' }, 'review');
  story.run();
  merged(story).run();
  assert.equal(phaseOf(story.state), 'Done');
});

test('a merge is told once, and never without its commit', () => {
  const story = inReview();
  story.pull({ state: 'merged', mergeSHA: null });
  story.run();
  assert.equal(story.types().includes('MERGED'), false);
  merged(story).run();
  merged(story).run();
  assert.equal(story.types().filter((type) => type === 'MERGED').length, 1);
});

test('the issue closed at the forge ends the work as cancelled; nothing goes on by itself', () => {
  const story = implementing().see({ forgeIssueClosed: true });
  assert.equal(doing(story.run()), 'wait CancelledByPerson');
  assert.deepEqual(story.types(4), ['TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_CANCELLED']);
  assert.equal(phaseOf(story.state), 'Cancelled');
  assert.equal(doing(story.later(3_600_000).run()), 'wait CancelledByPerson');
});

test('the issue closed at the forge because its pull request was merged is done, not cancelled', () => {
  const story = inReview().later(defaultPolicy.readInterval);
  story.see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  assert.equal(story.next().do, 'readPullRequest');
  merged(story).run();
  assert.equal(phaseOf(story.state), 'Done');
});

test('a close is not taken for a no on a pull request that was read before it, however shortly', () => {
  const story = inReview().later(defaultPolicy.readInterval).pull().later(1);
  story.see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
  const waits = story.next();
  assert.equal(waits.do === 'wait' && waits.until, story.now - 1 + defaultPolicy.readInterval);
  assert.equal(story.later(defaultPolicy.readInterval).next().do, 'readPullRequest');
});

for (const [what, hindered] of [
  ['could not be made', (story: Story) => void story],
  ['is held', (story: Story) => void story.command({ do: 'hold', on: true })],
  [
    'waits for a person',
    (story: Story) =>
      story.append([{ type: 'HUMAN_GATE_TRIGGERED', data: { reason: 'FactUnknown', message: 'Look.' } }]),
  ],
] as const) {
  test(`the issue closed at the forge while a merge that was decided ${what} is cancelled, not merged`, () => {
    const story = inReview().later(1_000).verdict(true);
    assert.equal(story.next().do, 'merge');
    story.append([{ type: 'MERGE_REQUESTED', data: { number: PULL, headSHA: HEAD, method: 'squash' } }]);
    hindered(story);
    story.later(600_000).see({ forgeIssueClosed: true, forgeIssueToldAt: story.now });
    story.run();
    assert.equal(phaseOf(story.state), 'Cancelled');
    assert.equal(story.shown.state, 'open');
  });
}

for (const [name, make] of [
  ['waits for a person', () => new Story().see({ tier: null })],
  ['is suspended', () => new Story()],
] as const) {
  test(`an issue that ${name} is cancelled when it is closed at the forge`, () => {
    const story = make();
    story.wish({ suspend: name === 'is suspended' });
    story.run();
    story.see({ forgeIssueClosed: true });
    story.run();
    assert.equal(phaseOf(story.state), 'Cancelled');
  });
}

const reopen = { do: 'reopen' } as const;

test('an issue that is open at the forge again stays cancelled until somebody who may write is known to have reopened it', () => {
  const story = implementing().see({ forgeIssueClosed: true });
  story.run();
  story.see({ forgeIssueClosed: false });
  assert.equal(doing(story.run()), 'wait CancelledByPerson');
  story.command(reopen);
  story.run();
  assert.deepEqual(story.types(7), [
    'COMMAND_ACCEPTED',
    'ISSUE_REOPENED',
    'ISSUE_CLASSIFIED',
    'ISSUE_ASSIGNED',
    'TASK_DISPATCHED',
  ]);
  assert.equal(story.state.work?.attempt, 2);
});

for (const [name, end] of [
  ['failed', { type: 'ISSUE_FAILED', data: { reason: 'AttemptsExhausted', message: 'All attempts are used up.' } }],
  ['waits for a person', { type: 'HUMAN_GATE_TRIGGERED', data: { reason: 'InfrastructureLost', message: 'Look.' } }],
] as const) {
  test(`an issue that ${name}, closed and reopened by nobody who may write, is given no attempt`, () => {
    const story = implementing();
    story.append([end]);
    story.run();
    story.see({ forgeIssueClosed: true }).run();
    story.see({ forgeIssueClosed: false }).run();
    assert.deepEqual([phaseOf(story.state), story.state.work], ['Cancelled', null]);
    story.command(reopen);
    story.run();
    assert.deepEqual([story.state.ending, story.state.failures, story.live('work').attempt], [null, 0, 2]);
  });
}

test('a hold outlives the end of an issue and its object, and is lifted by who may ask for it again', () => {
  const held = () => {
    const story = implementing();
    story.command({ do: 'hold', on: true });
    story.run();
    story.see({ forgeIssueClosed: true }).run();
    story.see({ forgeIssueClosed: false }).run();
    return story;
  };
  const again = held();
  again.wish({}, 2, 'another-uid');
  again.run();
  assert.deepEqual([again.state.ending, again.state.hold?.by, again.state.work], [null, 'ada', null]);
  const reopened = held();
  reopened.command(reopen);
  reopened.run();
  assert.deepEqual([reopened.state.hold, reopened.state.work?.attempt], [null, 2]);
  const labelled = held();
  const approved = { actor: ada, via: 'label', textDigest: `sha256:${'0'.repeat(64)}` } as const;
  labelled.append(decideApproved(labelled.state, approved));
  labelled.run();
  assert.deepEqual([labelled.state.hold, labelled.state.work?.attempt], [null, 2]);
});

test('facts that cannot be read change nothing', () => {
  const story = inReview();
  const before = story.events.length;
  story.see({ pullRequest: unknown('The forge does not answer.'), headPushedBy: unknown('Neither.') });
  story.later(1_000);
  assert.equal(story.next().do, 'wait');
  assert.equal(story.events.length, before);
});
