import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD, NOON, PULL, sha } from '../testing/facts.ts';
import { implementing, inReview, type Story } from '../testing/story.ts';
import { developer, reviewer } from '../testing/world.ts';
import { pauseAfter } from './backoff.ts';
import { lossDue } from './loss.ts';
import { observe } from './observe.ts';
import { defaultPolicy, type TaskFacts } from './world.ts';

const MINUTE = 60_000;
const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const loss = (story: Story) => {
  const lost = story.events.findLast((event) => event.type === 'TASK_LOST');
  return lost && { reason: lost.data.reason, infrastructure: lost.data.infrastructure };
};

const losses: readonly { name: string; facts: Partial<TaskFacts>; reason: string; infrastructure: boolean }[] = [
  {
    name: 'its Job failed without an outcome',
    facts: { jobEnded: { message: 'BackoffLimitExceeded.', infrastructure: false } },
    reason: 'TaskLost',
    infrastructure: false,
  },
  {
    name: 'its node went away',
    facts: { jobEnded: { message: 'the node was lost.', infrastructure: true } },
    reason: 'TaskLost',
    infrastructure: true,
  },
  { name: 'its AgentTask vanished', facts: { object: 'gone' }, reason: 'TaskLost', infrastructure: true },
  {
    name: 'its deadline passed',
    facts: { deadline: 0, started: true },
    reason: 'DeadlineExceeded',
    infrastructure: false,
  },
];
for (const { name, facts, reason, infrastructure } of losses) {
  test(`a task is lost at once when ${name}: ${reason}, ${infrastructure ? 'nobody is to blame' : 'the attempt counts'}`, () => {
    const story = implementing().task(facts);
    assert.equal(doing(story.run()), 'wait Retrying');
    assert.deepEqual(story.types(4), ['TASK_LOST', 'ISSUE_UNASSIGNED']);
    assert.deepEqual(loss(story), { reason, infrastructure });
    assert.equal(story.state.failures, infrastructure ? 0 : 1);
  });
}

test('a task that does not start is lost after 15 minutes, not a moment before, and counts as no attempt', () => {
  const story = implementing();
  story.task({ seenAt: story.now }).later(15 * MINUTE);
  assert.equal(doing(story.run()), 'wait Progressing');
  story.later(1).run();
  assert.deepEqual(loss(story), { reason: 'StartDeadlineExceeded', infrastructure: true });
  assert.equal(story.state.failures, 0);
});

test('a silent task is lost after 5 minutes, not a moment before, and the attempt counts', () => {
  const story = implementing();
  story.task({ started: true, seenAt: story.now }).later(5 * MINUTE);
  assert.equal(doing(story.run()), 'wait Progressing');
  story.later(1).run();
  assert.deepEqual(loss(story), { reason: 'HeartbeatMissed', infrastructure: false });
  assert.equal(story.state.failures, 1);
});

for (const { name, facts } of [
  { name: 'has not started', facts: { started: false } },
  { name: 'fell silent', facts: { started: true } },
  { name: 'is near its deadline', facts: { started: true, deadline: NOON + 3 * MINUTE } },
]) {
  test(`the moment at which a task that ${name} is due to be lost is the first at which it is`, () => {
    const story = implementing();
    story.task({ seenAt: story.now, ...facts });
    const due = lossDue(story.state, story.world, story.policy);
    story.now = due! - 1;
    assert.deepEqual(observe(story.state, story.world, story.policy, story.now), []);
    story.now = due!;
    assert.equal(observe(story.state, story.world, story.policy, story.now)[0]?.type, 'TASK_LOST');
  });
}

test('an issue without a live task is due for no loss', () => {
  const story = implementing().task({ object: 'gone' });
  story.run();
  assert.equal(lossDue(story.state, story.world, story.policy), null);
});

test('silence while no conductor was up to hear is not counted', () => {
  const story = implementing();
  story.task({ started: true, seenAt: story.now }).later(60 * MINUTE - 1);
  story.see({ conductorUpSince: story.now - 5 * MINUTE });
  assert.equal(doing(story.run()), 'wait Progressing');
});

test('a silent task is lost though conductors restart every four minutes, once it could have been heard for five', () => {
  const silent = implementing();
  const gaps = [4, 8, 12].map((at) => ({ from: silent.now + at * MINUTE, to: silent.now + at * MINUTE + 20_000 }));
  silent.task({ started: true, seenAt: silent.now }).see({ conductorGaps: gaps.slice(0, 1) });
  silent.later(5 * MINUTE + 20_000);
  assert.equal(doing(silent.run()), 'wait Progressing');
  silent.later(1).run();
  assert.deepEqual(loss(silent), { reason: 'HeartbeatMissed', infrastructure: false });
  const just = implementing();
  just.task({ started: true, seenAt: just.now }).see({ conductorGaps: gaps });
  assert.equal(doing(just.later(13 * MINUTE).run()), 'wait Progressing', 'it has a minute to be heard again');
});

test('a long word of the cluster about a lost Job fits into the log', () => {
  const story = implementing().task({ jobEnded: { message: 'x'.repeat(40_000), infrastructure: false } });
  story.run();
  const lost = story.events.find((event) => event.type === 'TASK_LOST');
  assert.equal(lost?.data.message.length, 8_192);
});

test('failed attempts are tried again after 10, then 20 seconds, and after the third the issue fails with the last reason', () => {
  const story = implementing();
  const pauses: number[] = [];
  for (;;) {
    story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' });
    const action = story.run();
    if (action.do !== 'wait' || action.until === null) break;
    pauses.push(action.until - story.now);
    story.later(pauses.at(-1)! - 1);
    assert.equal(doing(story.run()), 'wait Retrying');
    story.later(1).run();
  }
  assert.deepEqual(pauses, [10_000, 20_000]);
  assert.deepEqual(
    story.events.filter((event) => event.type === 'ISSUE_ASSIGNED').map((event) => event.data.branch),
    ['rig/fix-parser/1', 'rig/fix-parser/2', 'rig/fix-parser/3'],
  );
  assert.equal(story.state.ending?.kind, 'Failed');
  assert.match(
    story.state.ending!.message,
    /^All 3 attempts are used up; the last one ended with TestsFailed: Two tests fail\./,
  );
});

/** Loses the work task to infrastructure; answers for how long the issue rests then, or null where it does not go on by itself. */
function loseToInfrastructure(story: ReturnType<typeof implementing>): number | null {
  story.task({ object: 'gone' });
  const action = story.run();
  if (action.do !== 'wait' || action.until === null) return null;
  const pause = action.until - story.now;
  story.later(pause).run();
  return pause;
}

test('infrastructure that keeps failing pauses longer every time, uses up no attempt, and is left to a person after five', () => {
  const story = implementing();
  const pauses = Array.from({ length: 5 }, () => loseToInfrastructure(story));
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 80_000, null]);
  assert.deepEqual([story.state.failures, story.state.ending], [0, null]);
  assert.equal(story.state.awaiting?.reason, 'InfrastructureLost');
  assert.match(
    story.state.awaiting!.message,
    /^Its task was lost 5 times in a row, the last time so: The AgentTask was deleted/,
  );
  story.wish({ body: 'Once more.' }, 2);
  story.run();
  assert.deepEqual([story.state.awaiting, story.state.work?.attempt], [null, 6]);
});

test('a task that could not reach the forge uses no attempt up, and a person is asked after five in a row', () => {
  const story = implementing();
  for (let round = 1; round <= 5; round += 1) {
    story.finish('work', { result: 'failed', reason: 'ForgeUnreachable', message: 'The push could not be made.' });
    const action = story.run();
    assert.equal(story.state.failures, 0);
    if (action.do === 'wait' && action.until) story.later(action.until - story.now).run();
  }
  assert.deepEqual([story.state.ending, story.state.awaiting?.reason], [null, 'InfrastructureLost']);
  assert.match(story.state.awaiting!.message, /The push could not be made\. Look at the forge, the nodes/);
});

test('an attempt that fails by its own fault ends a row of lost ones', () => {
  const story = implementing();
  for (let round = 0; round < 4; round += 1) loseToInfrastructure(story);
  story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' });
  const action = story.run();
  story.later((action.do === 'wait' && action.until! - story.now) || 0).run();
  assert.equal(loseToInfrastructure(story), 20_000);
});

test('the most patient Agent that fits says how many attempts there are', () => {
  const story = implementing().see({ agents: [developer({ attempts: 1 }), reviewer()] });
  story.finish('work', { result: 'failed', reason: 'TaskFailed', message: 'No.' });
  story.run();
  assert.equal(story.state.ending?.kind, 'Failed');
});

test('a task that succeeds without a pull request has changed nothing, and the attempt counts', () => {
  const story = implementing();
  story.finish();
  assert.equal(doing(story.run()), 'wait Retrying');
  assert.equal(story.state.lastFailure?.reason, 'NothingChanged');
});

test('a task that fails after it delivered ends the attempt and the review of it', () => {
  const story = implementing().deliver();
  story.run();
  const from = story.events.length;
  story.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' });
  story.run();
  assert.deepEqual(story.types(from), ['TASK_FINISHED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED']);
  assert.deepEqual(story.state.task, { work: null, review: null });
});

test('a task that is lost during its review takes the review with it', () => {
  const story = implementing().deliver();
  story.run();
  story.task({ object: 'gone' });
  const from = story.events.length;
  story.run();
  assert.deepEqual(story.types(from), ['TASK_LOST', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED']);
});

for (const [name, report, reason] of [
  ['stuck', { type: 'stuck', evidence: 'The same command ten times.' }, 'TaskStuck'],
  ['asking for a person', { type: 'asked', question: 'Which of the two behaviours is right?' }, 'AskedForPerson'],
] as const) {
  test(`an agent ${name}: a person is asked in its words, the claim ends without blame, an edit starts again`, () => {
    const story = implementing();
    story.report(report);
    const asked = story.run();
    assert.equal(doing(asked), `wait ${reason}`);
    assert.equal(asked.message, Object.values(report)[1]);
    assert.deepEqual([story.state.work, story.state.failures, story.state.awaiting?.reason], [null, 0, reason]);
    story.wish({ body: 'Keep the first.' }, 2);
    story.run();
    assert.equal(story.state.work?.attempt, 2);
  });

  test(`a reviewer ${name}: a person is asked in its words`, () => {
    const story = inReview();
    story.report(report, 'review');
    const asked = story.run();
    assert.deepEqual([doing(asked), asked.message], [`wait ${reason}`, Object.values(report)[1]]);
    assert.equal(story.state.work, null);
  });
}

/** Ends the live review badly; answers for how long the issue rests then, or null where it does not go on by itself. */
function loseReview(story: Story, end: (story: Story) => unknown): number | null {
  end(story);
  const action = story.run();
  if (action.do !== 'wait' || action.until === null) return null;
  const pause = action.until - story.now;
  story.later(pause).run();
  return pause;
}

test('a failed review is repeated after 10, then 20 seconds, and after the third a person is told what the last one said', () => {
  const story = inReview();
  let turn = 0;
  const pauses = Array.from({ length: 3 }, () =>
    loseReview(story, () =>
      story.finish('review', { result: 'failed', reason: 'ModelUnavailable', message: `No answer (${++turn}).` }),
    ),
  );
  assert.deepEqual(pauses, [10_000, 20_000, null]);
  const { awaiting } = story.state;
  assert.deepEqual(
    [awaiting?.reason, awaiting?.message],
    ['ReviewFailed', 'The review task failed 3 times: No answer (3).'],
  );
});

test('work and reviews that no client of a pulling Agent takes are lost without blame, and say that it is the clients who are away', () => {
  for (const [lane, story] of [
    ['work', implementing()],
    ['review', inReview()],
  ] as const) {
    story.task({ object: 'present', started: false, pulled: true }, lane);
    story.later(story.policy.startDeadline + 1).run();
    const lost = story.events.find((event) => event.type === 'TASK_LOST');
    assert.deepEqual(
      [lost?.data.message, lost?.data.infrastructure],
      ['No client of its Agent took the task within 15 minutes.', true],
    );
    assert.deepEqual([story.state.failures, story.state.failedReviews], [0, 0]);
  }
});

test('reviews lost to infrastructure count as no failure, pause longer every time, and are left to a person after five', () => {
  const story = inReview();
  const pauses = Array.from({ length: 5 }, () => loseReview(story, () => story.task({ object: 'gone' }, 'review')));
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 80_000, null]);
  assert.deepEqual([story.state.failedReviews, story.state.awaiting?.reason], [0, 'InfrastructureLost']);
  assert.match(story.state.awaiting!.message, /^Its review was lost 5 times in a row, .* say \/rig retry\.$/);
  story.command({ do: 'retry' });
  story.run();
  assert.deepEqual([story.state.reviewLosses, story.state.work?.attempt], [0, 2]);
});

test('a review that gives its verdict ends a row of lost ones', () => {
  const story = inReview();
  for (let round = 0; round < 4; round += 1) loseReview(story, () => story.task({ object: 'gone' }, 'review'));
  story.verdict(false).run();
  assert.equal(story.state.reviewLosses, 0);
});

test('a reviewer that says it is done without a verdict is not asked for ever', () => {
  const story = inReview();
  const pauses = Array.from({ length: 3 }, () => loseReview(story, () => story.finish('review')));
  assert.deepEqual(pauses, [10_000, 20_000, null]);
  assert.equal(story.state.awaiting?.reason, 'ReviewFailed');
});

test('the pause between two attempts grows up to ten minutes, however often it went wrong', () => {
  const pauses = [1, 2, 7, 8, 30, 1_000].map((turns) => pauseAfter(turns, defaultPolicy));
  assert.deepEqual(pauses, [10_000, 20_000, 600_000, 600_000, 600_000, 600_000]);
});

test('a question as long as the log allows still fits behind the words in front of it', () => {
  const story = inReview();
  for (const turn of [1, 2]) {
    story.finish('review', { result: 'failed', reason: 'TaskFailed', message: `${turn}` });
    story.later(MINUTE).run();
  }
  story.report({ type: 'asked', question: '?'.repeat(8_192) }, 'review');
  story.run();
  const asked = story.events.findLast((event) => event.type === 'HUMAN_GATE_TRIGGERED');
  assert.equal(asked?.data.message.length, 8_192);
});

test('a second attempt starts a branch of its own, opens its own pull request and closes the stale one', () => {
  const story = inReview();
  story.report({ type: 'asked', question: 'Who owns this?' }, 'review');
  story.run();
  story.wish({ body: 'You do.' }, 2);
  story.run();
  story.deliver(sha('1'), PULL + 1).ci();
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
  const merged = story.events.find((event) => event.type === 'MERGED');
  assert.deepEqual([merged?.data.number, merged?.data.headSHA], [PULL + 1, sha('1')]);
  assert.notEqual(merged?.data.headSHA, HEAD);
});
