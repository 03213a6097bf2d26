import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ada, HEAD, PULL, reviewE, sha } from '../testing/facts.ts';
import { implementing, inReview } from '../testing/story.ts';
import { callerOf, decideReport, type Report } from './report.ts';

const tokens = { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 };
const added = (decision: ReturnType<typeof decideReport>) =>
  decision.accepted ? decision.events.map((event) => event.type) : decision.reason;

const reports: Readonly<Record<string, Report>> = {
  started: { type: 'started', model: 'model-1' },
  finished: { type: 'finished', result: 'succeeded', reason: 'Delivered', message: 'Done.', tokens },
  stuck: { type: 'stuck', evidence: 'Ten times the same.' },
  asked: { type: 'asked', question: 'Which one?' },
  guardBlocked: { type: 'guardBlocked', command: 'rm -rf /', rule: 'destructive' },
  headForwarded: { type: 'headForwarded', branch: 'rig/fix-parser/1', from: null, to: HEAD, base: sha('c') },
  pullRequestOpened: {
    type: 'pullRequestOpened',
    number: PULL,
    url: 'https://forge.example/34',
    headSHA: HEAD,
    branch: 'rig/fix-parser/1',
  },
  reviewed: { type: 'reviewed', passed: true, headSHA: HEAD, by: reviewE, review: 50, threads: 0 },
  continued: { type: 'continued', branch: 'rig/fix-parser/1', headSHA: sha('9'), moved: false, by: null },
  threadsResolved: { type: 'threadsResolved', threads: ['thread-1'], by: 'dev-e' },
};

for (const [name, report] of Object.entries(reports)) {
  test(`${name}: an older fence, another task and an ended task are refused with one sentence and add nothing`, () => {
    const story = implementing();
    const { name: task, fence } = story.live('work');
    for (const caller of [
      { task, fence: '1.0' },
      { task, fence: '2.1' },
      { task: 'another-task', fence },
    ]) {
      const decision = decideReport(story.state, caller, report);
      assert.equal(added(decision), 'DeadFence');
      assert.match(decision.accepted ? '' : decision.message, /no longer holds its claim .*; stop, /);
    }
    story.finish();
    assert.equal(added(decideReport(story.state, { task, fence }, report)), 'DeadFence');
  });
}

test('the fence of a claim that ended is dead at once, before any Job is gone', () => {
  const story = implementing();
  const { name: task, fence } = story.live('work');
  story.wish({ suspend: true }, 2);
  story.run();
  assert.equal(callerOf(story.state, { task, fence }), null);
});

test('reports that the log holds already add nothing the second time', () => {
  const story = implementing();
  for (const name of ['started', 'headForwarded', 'pullRequestOpened'] as const) {
    assert.notDeepEqual(added(story.report(reports[name]!)), []);
    assert.deepEqual(added(story.report(reports[name]!)), [], name);
  }
});

test('a review at the forge is told once, whoever tells it', () => {
  const story = inReview();
  assert.deepEqual(added(story.report(reports.reviewed!, 'review')), ['REVIEW_PASSED']);
  assert.deepEqual(added(story.report(reports.reviewed!, 'review')), []);
});

test('the first push of a branch says that the branch was made, a later one does not', () => {
  const story = implementing();
  assert.deepEqual(added(story.report(reports.headForwarded!)), ['BRANCH_CREATED', 'HEAD_FORWARDED']);
  const again = { ...reports.headForwarded!, from: HEAD, to: sha('d') } as Report;
  assert.deepEqual(added(story.report(again)), ['HEAD_FORWARDED']);
});

test('an attempt that pushes the head of the one before is told of, on its own branch', () => {
  const story = implementing();
  story.push(HEAD);
  story.task({ jobEnded: { message: 'it was killed.', infrastructure: false } }).run();
  story.later(60_000).run();
  assert.equal(story.state.work?.attempt, 2);
  const decision = story.report({ ...reports.headForwarded!, branch: 'rig/fix-parser/2' } as Report);
  assert.deepEqual(added(decision), ['BRANCH_CREATED', 'HEAD_FORWARDED']);
  assert.deepEqual(story.state.forwarded, [
    { sha: HEAD, attempt: 1, branch: 'rig/fix-parser/1' },
    { sha: HEAD, attempt: 2, branch: 'rig/fix-parser/2' },
  ]);
});

test('the head that an attempt goes on from is told once, and again of the next attempt', () => {
  const story = implementing();
  story.push(HEAD);
  const theirs = { branch: 'rig/fix-parser/1', headSHA: sha('9'), by: ada } as const;
  const report = { type: 'continued', ...theirs, moved: false } as const;
  const lose = () => {
    story.task({ jobEnded: { message: 'it was killed.', infrastructure: false } }).run();
    story.later(60_000).run();
  };
  lose();
  const decision = story.report(report);
  assert.deepEqual(decision.accepted && decision.events, [
    { type: 'WORK_CONTINUED', data: { ...theirs, attempt: 2, forwarded: false } },
  ]);
  assert.deepEqual(added(story.report(report)), []);
  assert.deepEqual(added(story.report({ ...report, headSHA: sha('8') })), ['WORK_CONTINUED']);
  lose();
  assert.equal(story.state.work?.attempt, 3);
  assert.deepEqual(added(story.report(report)), ['WORK_CONTINUED']);
});

test('a push carries the fence and the attempt of the task that pushed, whatever it says', () => {
  const story = implementing();
  const decision = story.report(reports.headForwarded!);
  const forwarded = decision.accepted ? decision.events.at(-1) : undefined;
  assert.deepEqual(forwarded?.type === 'HEAD_FORWARDED' && [forwarded.data.fence, forwarded.data.attempt], [
    story.live('work').fence,
    1,
  ]);
});

test('an outcome whose reason is no reason of the registry keeps its result under a general one', () => {
  for (const [result, reason] of [
    ['succeeded', 'Succeeded'],
    ['failed', 'TaskFailed'],
  ] as const) {
    const story = implementing();
    story.finish('work', { result, reason: 'toString' });
    assert.equal(story.state.lastEnd.work?.reason, reason);
  }
});

test('threads: an empty list adds nothing, a reviewer can reopen what is not fixed', () => {
  const story = inReview();
  assert.deepEqual(added(story.report({ type: 'threadsReopened', threads: [], by: 'review-e' }, 'review')), []);
  assert.deepEqual(added(story.report({ type: 'threadsReopened', threads: ['t'], by: 'review-e' }, 'review')), [
    'THREADS_REOPENED',
  ]);
});

test('a model without a name, or with too long a one, is still a start', () => {
  for (const model of ['', 'm'.repeat(256)]) {
    const story = implementing();
    const decision = story.report({ type: 'started', model });
    const event = decision.accepted ? decision.events[0] : undefined;
    assert.ok(event?.type === 'WORK_STARTED' && event.data.model.length >= 1 && event.data.model.length <= 253);
  }
});
