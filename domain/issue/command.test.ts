import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD } from '../testing/facts.ts';
import { implementing, inReview, Story } from '../testing/story.ts';
import { type Command, decideApproved } from './command.ts';
import { phaseOf } from './status.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const failing = () => {
  const story = implementing();
  story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' });
  story.run();
  return story;
};
const asking = () => {
  const story = implementing();
  story.report({ type: 'asked', question: 'Which of the two?' });
  story.run();
  return story;
};

test('/rig retry answers a question: the issue is taken up again, and attempts count on', () => {
  const story = asking();
  assert.match(
    story.command({ do: 'retry' }).message,
    /^It is taken up again; it waited for a person \(AskedForPerson\)/,
  );
  story.run();
  assert.deepEqual([story.state.awaiting, story.state.work?.attempt], [null, 2]);
});

test('/rig retry after all attempts gives them back, and the branch of the last one is where the next begins', () => {
  const story = implementing();
  story.append([{ type: 'ISSUE_FAILED', data: { reason: 'AttemptsExhausted', message: 'No more.' } }]);
  story.run();
  story.command({ do: 'retry' });
  story.run();
  assert.deepEqual([story.state.ending, story.state.work?.attempt, story.state.failures], [null, 2, 0]);
});

test('/rig retry in the pause between two attempts starts the next one at once', () => {
  const story = failing();
  assert.equal(doing(story.run()), 'wait Retrying');
  story.command({ do: 'retry' });
  assert.equal(doing(story.run()), 'wait Progressing');
  assert.equal(story.state.work?.attempt, 2);
});

test('/rig cancel ends what runs and is no longer undone by the issue being open at the forge; /rig retry undoes it', () => {
  const story = inReview();
  const from = story.events.length;
  story.command({ do: 'cancel' });
  assert.deepEqual(story.types(from), ['COMMAND_ACCEPTED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_CANCELLED']);
  assert.equal(doing(story.run()), 'wait CancelledByCommand');
  assert.equal(phaseOf(story.state), 'Cancelled');
  story.command({ do: 'retry' });
  story.run();
  assert.deepEqual([story.types().includes('ISSUE_REOPENED'), story.state.work?.attempt], [true, 2]);
});

test('/rig cancel is nobody’s failure: however often an issue is cancelled and taken up, its attempts are not used up and no pause follows', () => {
  const story = implementing();
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    assert.equal(story.state.work?.attempt, attempt);
    story.command({ do: 'cancel' });
    assert.deepEqual([story.state.failures, story.state.losses, story.state.lastFailure], [0, 0, null]);
    story.command({ do: 'retry' });
    story.run();
  }
});

test('an issue cancelled by a command, then closed and reopened at the forge by one who may, is taken up again', () => {
  const story = implementing();
  story.command({ do: 'cancel' });
  story.see({ forgeIssueClosed: true });
  assert.equal(doing(story.run()), 'wait CancelledByPerson');
  story.see({ forgeIssueClosed: false });
  story.run();
  assert.equal(phaseOf(story.state), 'Cancelled');
  story.command({ do: 'reopen' });
  story.run();
  assert.equal(story.state.work?.attempt, 2);
});

test('/rig hold ends what runs without blame and says who holds; /rig hold off goes on', () => {
  const story = implementing();
  story.command({ do: 'hold', on: true });
  const held = story.run();
  assert.equal(held.message, 'ada holds the issue; a person says /rig hold off to go on.');
  assert.deepEqual([doing(held), story.state.work, story.state.failures], ['wait Suspended', null, 0]);
  story.command({ do: 'hold', on: false });
  story.run();
  assert.equal(story.state.work?.attempt, 2);
});

for (const [name, lift] of [
  ['/rig retry', (story: Story) => story.command({ do: 'retry' })],
  ['an edit of spec.suspend', (story: Story) => [story.wish({ suspend: true }, 2), story.wish({}, 3)]],
] as const) {
  test(`${name} lifts a hold`, () => {
    const story = implementing();
    story.command({ do: 'hold', on: true });
    story.run();
    lift(story);
    story.run();
    assert.deepEqual([story.state.hold, story.state.work?.attempt], [null, 2]);
  });
}

test('an edit of the text while the issue is held is taken, and the hold stays', () => {
  const story = implementing();
  story.command({ do: 'hold', on: true });
  story.wish({ body: 'Another.' }, 2);
  assert.equal(doing(story.run()), 'wait Suspended');
});

test('/rig review has a head that was reviewed reviewed once more', () => {
  const story = inReview();
  story.verdict(false).run();
  story.finish('work');
  story.run();
  const round = story.live('review').round;
  story.report({ type: 'finished', result: 'failed', reason: 'TaskFailed', message: 'No.', tokens: none }, 'review');
  story.command({ do: 'review' });
  story.run();
  assert.deepEqual([story.live('review').round, story.live('review').headSHA], [round + 1, HEAD]);
});
const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

test('/rig tier in mid-flight ends the task, and the next attempt is dispatched at the higher tier', () => {
  const story = implementing();
  const from = story.events.length;
  story.command({ do: 'tier', tier: 'T2' });
  story.run();
  assert.deepEqual(story.types(from), [
    'COMMAND_ACCEPTED',
    'TASK_CANCELLED',
    'ISSUE_UNASSIGNED',
    'ISSUE_CLASSIFIED',
    'TIER_RAISED',
    'ISSUE_ASSIGNED',
    'TASK_DISPATCHED',
  ]);
  assert.deepEqual([story.state.classified?.tier, story.state.failures], ['T2', 0]);
  assert.match(story.state.classified!.reason, /^A person set the floor to T2; graded by itself it is T1\.$/);
});

test('a floor outlives an end: the reopened issue is graded by it', () => {
  const story = implementing();
  story.command({ do: 'tier', tier: 'T2' });
  story.command({ do: 'cancel' });
  story.command({ do: 'retry' });
  story.run();
  assert.equal(story.state.classified?.tier, 'T2');
});

test('a command that was taken is not taken again when its comment is told twice', () => {
  const story = asking();
  assert.equal(story.command({ do: 'retry' }, 7).accepted, true);
  story.run();
  story.report({ type: 'asked', question: 'And now?' });
  story.run();
  const before = story.events.length;
  assert.deepEqual(story.command({ do: 'retry' }, 7), {
    accepted: true,
    events: [],
    message: 'The command was taken already.',
  });
  assert.deepEqual([story.events.length, story.state.awaiting?.reason], [before, 'AskedForPerson']);
});

test('an issue that is done and reopened at the forge by one who may is worked again, on a new branch', () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
  story.command({ do: 'reopen' });
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.work?.branch], [2, 'rig/fix-parser/2']);
});

test('the label put on again takes up what was cancelled or failed, and says nothing to work that goes on', () => {
  const by = { id: 1, login: 'ada', kind: 'user' } as const;
  const approved = { actor: by, via: 'label', textDigest: 'sha256:1' } as const;
  const story = implementing();
  assert.deepEqual(decideApproved(story.state, approved).length, 1);
  story.command({ do: 'cancel' });
  story.append(decideApproved(story.state, approved));
  story.run();
  assert.deepEqual([story.state.ending, story.state.work?.attempt], [null, 2]);
});

const done = () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.run();
  return story;
};
const closed = () => {
  const story = implementing().see({ forgeIssueClosed: true });
  story.run();
  return story;
};
const refusals: readonly { name: string; story: () => Story; command: Command; says: RegExp }[] = [
  { name: 'retry of work that goes on', story: implementing, command: { do: 'retry' }, says: /nothing to retry/ },
  { name: 'retry of what is done', story: done, command: { do: 'retry' }, says: /reopen it at the forge/ },
  { name: 'retry of what was closed', story: closed, command: { do: 'retry' }, says: /closed at the forge; reopen/ },
  { name: 'cancel of what is done', story: done, command: { do: 'cancel' }, says: /is Done/ },
  { name: 'hold of what is done', story: done, command: { do: 'hold', on: true }, says: /is Done/ },
  { name: 'hold off without a hold', story: implementing, command: { do: 'hold', on: false }, says: /not held/ },
  { name: 'review without a change', story: implementing, command: { do: 'review' }, says: /no open pull request/ },
  { name: 'review of what is reviewed now', story: inReview, command: { do: 'review' }, says: /review-e is reviewing/ },
  {
    name: 'a lower tier',
    story: implementing,
    command: { do: 'tier', tier: 'T0' },
    says: /is T1, and a tier is never/,
  },
  { name: 'anything before it is recorded', story: () => new Story(), command: { do: 'retry' }, says: /ask again/ },
];
for (const { name, story: begin, command, says } of refusals) {
  test(`refused with a sentence: ${name}`, () => {
    const story = begin();
    const before = story.events.length;
    const decision = story.command(command);
    assert.deepEqual([decision.accepted, story.events.length], [false, before]);
    assert.match(decision.message, says);
  });
}
