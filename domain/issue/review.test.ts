import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../facts.ts';
import {
  ada,
  at,
  bot,
  commit,
  devE,
  HEAD,
  owner,
  PULL,
  pullRequest,
  REPOSITORY,
  reader,
  review,
  sha,
  thread,
} from '../testing/facts.ts';
import { implementing, inReview, type Story } from '../testing/story.ts';
import { developer, repositoryPolicy, reviewer } from '../testing/world.ts';
import { defaultPolicy } from './world.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const count = (story: Story, type: string) => story.types().filter((one) => one === type).length;

/** The rework task pushes a head and ends; CI is green on it. */
function reworked(story: Story, head: string): Story {
  story
    .push(head)
    .pull({ head: { ...story.shown.head, sha: head } })
    .ci();
  story.finish();
  return story.later(1_000);
}

test('a review that asks for changes sends the head back to the same agent, branch and pull request', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  const task = story.live('work');
  assert.deepEqual(
    [task.kind, task.attempt, task.round, task.agent.name, task.headSHA],
    ['rework', 1, 1, 'dev-e', HEAD],
  );
  assert.deepEqual([story.state.work?.branch, story.state.pullRequest?.number], ['rig/fix-parser/1', PULL]);
  assert.equal(story.state.work?.fence, task.fence);
});

test('a rework that answers without a push is looked at again', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  story.finish();
  story.run();
  assert.deepEqual([story.live('review').headSHA, story.live('review').round], [HEAD, 2]);
});

test('changes asked for on the head of a rework that still runs are not forgotten when it ends', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  story
    .push(sha('d'))
    .pull({ head: { ...story.shown.head, sha: sha('d') } })
    .ci();
  story.run();
  story.verdict(false);
  story.finish();
  story.run();
  const task = story.live('work');
  assert.deepEqual([task.kind, task.round, task.headSHA, story.state.disputes], ['rework', 2, sha('d'), 2]);
});

test('a thread that a reviewer left open on a head that it passed is the developer’s to answer, and then looked at again', () => {
  const story = inReview();
  // Opened by a review whose task was lost before its verdict was told.
  story.pull({ threads: [thread()] }).verdict(true);
  story.run();
  assert.deepEqual([story.live('work').kind, story.live('work').headSHA], ['rework', HEAD]);
  story.pull({ threads: [thread({ resolved: true, resolvedBy: devE })] }).finish();
  story.run();
  story.verdict(true);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('a thread that nobody ever resolves is a person’s to look at in the end', () => {
  const story = inReview();
  story.pull({ threads: [thread()] }).verdict(true);
  for (let round = 0; round < 2; round += 1) {
    story.run();
    story.finish();
    story.run();
    story.verdict(true);
  }
  story.run();
  assert.equal(story.state.awaiting?.reason, 'ReviewLoopExceeded');
});

test('a thread that a person opened waits for that person: no agent resolves it', () => {
  const story = inReview();
  story.pull({ threads: [thread({ by: ada })] }).verdict(true);
  story.run();
  assert.equal(story.state.task.work, null);
  assert.equal(story.state.waiting?.reason, 'ThreadsOpen');
});

test('a verdict on a head that has moved decides nothing: the new head is reviewed', () => {
  const story = inReview();
  story.pull({ head: { ...story.shown.head, sha: sha('d') } });
  story.see({ headPushedBy: known(ada, story.now) });
  story.run();
  assert.deepEqual(
    story.events.slice(-4).map((event) => event.type),
    ['PR_UPDATED', 'TASK_CANCELLED', 'REVIEW_ASSIGNED', 'TASK_DISPATCHED'],
  );
  assert.equal(story.live('review').headSHA, sha('d'));
  story.append([{ type: 'REVIEW_PASSED', data: { headSHA: HEAD, by: reviewer().account!, review: 77 } }]);
  assert.equal(doing(story.run()), 'wait Progressing');
});

test('a head that moved says whether a person moved it, or an account of the rig', () => {
  for (const [account, machine] of [
    [ada, undefined],
    [devE, true],
  ] as const) {
    const story = inReview();
    story.pull({ head: { ...story.shown.head, sha: sha('d') } });
    story.see({ headPushedBy: known(account, story.now) });
    story.run();
    const moved = story.events.find((event) => event.type === 'PR_UPDATED');
    assert.deepEqual([moved?.data.by, moved?.data.machine], [account, machine]);
  }
});

test('a head that the gateway has forwarded is not taken back by a mirror that still shows the one before', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  story.push(sha('d'));
  assert.equal(story.state.pullRequest?.headSHA, sha('d'));
  story.later(1_000);
  assert.match(story.next().message, /still shows an older head than dddddddd/);
  assert.equal(count(story, 'PR_UPDATED'), 0);
});

test('a person who puts the branch back to an earlier head of the gateway is believed', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  reworked(story, sha('d')).run();
  story.pull({ head: { ...story.shown.head, sha: HEAD } }).see({ headPushedBy: known(ada, story.now) });
  story.run();
  assert.equal(story.state.pullRequest?.headSHA, HEAD);
});

test('the pull request is read again, at most every three seconds, while the forge shows an older head', () => {
  const story = implementing().deliver();
  story.push(sha('d'));
  const waiting = story.next();
  assert.deepEqual(waiting.do === 'wait' && waiting.until, story.now + defaultPolicy.readInterval);
  assert.equal(story.later(defaultPolicy.readInterval).next().do, 'readPullRequest');
});

test('five disputes are given to a person, and the log says after how many rounds', () => {
  const story = inReview();
  for (const digit of ['1', '2', '3', '4']) {
    story.verdict(false);
    story.run();
    reworked(story, sha(digit)).run();
  }
  story.verdict(false);
  const asked = story.run();
  assert.equal(doing(asked), 'wait ReviewLoopExceeded');
  assert.match(asked.message, /went round 5 times without an end; a person has to look at pull request #34/);
  const exceeded = story.events.find((event) => event.type === 'REVIEW_LOOP_EXCEEDED');
  assert.deepEqual(exceeded?.data, { rounds: 5 });
  assert.equal(story.state.work, null);
});

test('a required check that failed sends the head back; the same head at most twice', () => {
  const story = implementing().deliver().ci('failure');
  story.finish();
  story.run();
  assert.equal(story.live('work').kind, 'rework');
  story.finish();
  story.run();
  assert.equal(story.live('work').round, 2);
  story.finish();
  assert.equal(doing(story.run()), 'wait ReviewLoopExceeded');
});

test('a check that is run again and succeeds takes the failure back', () => {
  const story = inReview().ci('failure');
  story.run();
  story.ci('success').later(1_000).verdict(true);
  story.run();
  assert.deepEqual(
    story.types().filter((type) => type.startsWith('CI_')),
    ['CI_PASSED', 'CI_FAILED', 'CI_PASSED'],
  );
  assert.equal(story.state.ending?.kind, 'Done');
});

test('the tail of a failed check is in the log, at most 4096 characters', () => {
  const story = inReview();
  const failed = {
    ...story.shown.checks[0]!,
    id: 9,
    conclusion: 'failure' as const,
    summary: `${'x'.repeat(9_000)}end`,
  };
  story.pull({ checks: [failed] });
  story.next();
  const told = story.events.findLast((event) => event.type === 'CI_FAILED');
  assert.deepEqual(
    [told?.data.failed[0]?.summary.length, told?.data.failed[0]?.summary.endsWith('end')],
    [4_096, true],
  );
});

test('a conflict goes to rework and is told once for one head and base', () => {
  const story = inReview();
  story.pull({ mergeable: 'conflicting' });
  story.run();
  story.run();
  assert.equal(count(story, 'MERGE_CONFLICT'), 1);
  story.verdict(true).run();
  assert.equal(story.live('work').kind, 'rework');
  const why = story.events.findLast((event) => event.type === 'TASK_DISPATCHED');
  assert.equal(why?.data.why, 'The change conflicts with the base.');
});

test('a head behind its base goes to rework once it is approved', () => {
  const story = inReview().pull({ containsBase: false });
  story.run();
  assert.equal(story.state.task.work, null);
  story.verdict(true).run();
  assert.equal(story.live('work').kind, 'rework');
});

test('a person asks for changes while the reviewer looks: the approval that follows does not silence the person', () => {
  const story = inReview();
  story.pull({ reviews: [review({ id: 70, author: ada, state: 'changes_requested' })] });
  story.run();
  story.later(1_000).verdict(true);
  story.run();
  assert.deepEqual([story.state.verdict?.passed, story.live('work').kind], [false, 'rework']);
});

test('the one who asked for changes may approve the same head after all', () => {
  const story = inReview();
  story.pull({ reviews: [review({ id: 70, author: ada, state: 'changes_requested' })] });
  story.run();
  story.pull({ reviews: [...story.shown.reviews, review({ id: 71, author: ada, submittedAt: at(60) })] });
  story.next();
  assert.deepEqual(story.state.verdict, { headSHA: HEAD, passed: true, by: ada.id });
});

test('reviews by a reader, a bot or the developer change nothing, a person with write permission counts', () => {
  const story = inReview();
  const before = story.events.length;
  story.pull({
    reviews: [reader, bot, devE].map((author, index) => review({ id: 80 + index, author, state: 'changes_requested' })),
  });
  story.run();
  assert.equal(story.events.length, before);
  story.pull({ reviews: [review({ id: 90, author: owner })] });
  story.run();
  assert.deepEqual(story.types(before), ['REVIEW_PASSED']);
});

test('an approval by somebody with a commit in the change does not keep the reviewer from being asked', () => {
  const story = implementing().deliver().ci();
  story.pull({ commits: [commit(), commit({ authors: [ada] })], reviews: [review({ id: 70, author: ada })] });
  story.run();
  assert.equal(story.state.verdict, null);
  assert.equal(story.live('review').kind, 'review');
});

test('a reviewer that died after it submitted is told by the forge, once', () => {
  const story = inReview();
  story.pull({ reviews: [review({ id: 60, state: 'changes_requested' })] });
  story.run();
  assert.equal(count(story, 'REVIEW_DISPUTED'), 0);
  story.task({ object: 'gone' }, 'review');
  story.run();
  assert.equal(count(story, 'REVIEW_DISPUTED'), 1);
  assert.equal(story.live('work').kind, 'rework');
});

test('the review starts when the head has been quiet for the time the policy says', () => {
  const story = implementing();
  story.policy = { ...story.policy, reviewDebounce: 60_000 };
  story.deliver();
  const waiting = story.run();
  assert.equal(doing(waiting), 'wait ReviewDebounced');
  assert.equal(waiting.do === 'wait' && waiting.until, Date.parse(story.shown.updatedAt) + 60_000);
  story.later(60_000).run();
  assert.equal(story.live('review').headSHA, HEAD);
});

for (const [name, agents, reason] of [
  ['there is no reviewer', [developer()], 'ReviewMissing'],
  ['the only reviewer has no account at the forge', [developer(), reviewer({ account: null })], 'ReviewMissing'],
  ['the only reviewer is suspended', [developer(), reviewer({ suspended: true })], 'ReviewMissing'],
  ["the only reviewer has the author's account", [developer(), reviewer({ account: devE })], 'ReviewMissing'],
  ['every reviewer is busy', [developer(), reviewer({ concurrency: 0 })], 'ConcurrencyFull'],
] as const) {
  test(`no review is dispatched when ${name}: ${reason}`, () => {
    const story = implementing().see({ agents }).deliver().ci();
    story.finish();
    assert.equal(doing(story.run()), `wait ${reason}`);
    assert.equal(story.state.task.review, null);
  });
}

test('a missing reviewer is looked for again within a minute, a busy one when one of those that will do has a free place', () => {
  const told = (agents: Parameters<typeof reviewer>[0][]) => {
    const story = implementing()
      .see({ agents: [developer(), ...agents.map((one) => reviewer(one))] })
      .deliver()
      .ci();
    story.finish();
    const waiting = story.run();
    return waiting.do === 'wait' ? [waiting.until === null ? null : waiting.until - story.now, waiting.places] : [];
  };
  assert.deepEqual(told([{ usable: false }]), [60_000, undefined]);
  const full = { concurrency: 0 };
  const author = { uid: 'author', account: devE };
  assert.deepEqual(
    told([
      { uid: 'one', ...full },
      { ...author, ...full },
      { uid: 'two', ...full },
    ]),
    [null, ['one', 'two']],
  );
});

test('the gate is told once, then waited for, and told again when something else is missing', () => {
  const story = implementing().deliver();
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  const waiting = story.run();
  assert.deepEqual(
    [doing(waiting), waiting.message],
    ['wait ChecksMissing', 'Required checks have not reported on aaaaaaaa: test.'],
  );
  story.run();
  assert.equal(count(story, 'MERGE_GATE_WAITING'), 1);
  story.pull({ labels: ['do-not-merge'] });
  assert.equal(doing(story.run()), 'wait Blocked');
  assert.equal(count(story, 'MERGE_GATE_WAITING'), 2);
});

test('a merge that the forge refuses is asked for again after half a minute', () => {
  const story = inReview();
  story.forge = 'refuses';
  story.later(1_000).verdict(true);
  const waiting = story.run();
  assert.equal(doing(waiting), 'wait MergeRefused');
  assert.deepEqual(waiting.do === 'wait' && waiting.until, story.now + defaultPolicy.mergeBackoff);
  story.forge = 'merges';
  story.later(defaultPolicy.mergeBackoff).run();
  assert.equal(story.state.ending?.kind, 'Done');
  assert.equal(count(story, 'MERGE_REQUESTED'), 2);
});

test('a merge that the forge keeps refusing is asked for ever later, then left to a person in the words of the forge', () => {
  const story = inReview();
  story.forge = 'refuses';
  story.later(1_000).verdict(true);
  const pauses: number[] = [];
  for (let action = story.run(); action.do === 'wait' && action.reason === 'MergeRefused'; action = story.run()) {
    if (action.until === null) break;
    pauses.push((action.until - story.now) / 1_000);
    story.later(action.until - story.now);
  }
  assert.deepEqual(pauses, [30, 60, 120, 240, 480]);
  assert.equal(story.state.awaiting?.reason, 'MergeRefused');
  assert.match(story.state.awaiting.message, /refused to merge #34 6 times, .* a person has to look: \S/);
  assert.equal(count(story, 'MERGE_REQUESTED'), 6);
  story.command({ do: 'retry' });
  assert.deepEqual([story.state.awaiting, story.state.refusals], [null, null]);
});

test('a new attempt that ends at the same head asks the forge anew, however often it refused the one before', () => {
  const story = inReview();
  story.forge = 'refuses';
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(story.state.refusals?.times, 1);
  story.wish({ body: 'Parse them once, in the lexer.' }, 2);
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.refusals], [2, null]);
});

test('a pull request known too long ago is read again instead of merged', () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.later(defaultPolicy.factMaxAge + 1);
  assert.equal(story.next().do, 'readPullRequest');
});

test('no pull request of the forge is looked at but the one of the issue', () => {
  const story = inReview();
  const before = story.events.length;
  story.see({ pullRequest: known(pullRequest({ number: 99, state: 'merged', mergeSHA: sha('e') }), story.now) });
  story.next();
  assert.equal(story.events.length, before);
});

test('a Repository that requires no checks is merged on the review alone', () => {
  const story = implementing().see({
    repository: known(repositoryPolicy({ requiredChecks: 'none', forgeId: REPOSITORY }), 0),
  });
  story.deliver();
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
  assert.equal(count(story, 'CI_PASSED'), 0);
});

test('a new attempt may send back a head that the one before sent back twice', () => {
  const story = inReview();
  story.verdict(false);
  story.run();
  assert.deepEqual(story.state.reworkedHeads, [HEAD]);
  story.wish({ body: 'Parse them once, in the lexer.' }, 2);
  story.run();
  assert.deepEqual([story.state.work?.attempt, story.state.reworkedHeads, story.state.disputes], [2, [], 0]);
});
