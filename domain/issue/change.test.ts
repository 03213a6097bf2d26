import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import { NOON, sha } from '../testing/facts.ts';
import { implementing, inReview, type Story } from '../testing/story.ts';
import { changeGrade } from '../testing/world.ts';
import { effectiveGrade, isWidened } from './grade.ts';
import { gateOf } from './merging.ts';
import type { ChangeGrade } from './state.ts';
import { projectIssue } from './status.ts';

/** The story goes on with this grade of its change. */
function graded(story: Story, over: Partial<ChangeGrade> = {}): Story {
  story.see({ change: known(changeGrade(story.state, over), NOON) });
  story.run();
  return story;
}

const guarded = {
  tier: 'T3',
  rule: 'authentication',
  path: 'src/auth/login.ts',
  reason: 'Rule authentication gives src/auth/login.ts tier T3.',
} as const;
const tierRow = (story: Story) =>
  gateOf(story.state, story.world, story.policy, story.now).results.find(({ gate }) => gate === 'tier');

test('a change that shows more than was asked raises the tier, by its file and rule', () => {
  const story = inReview();
  const before = story.events.length;
  graded(story, {
    tier: 'T2',
    rule: 'contracts',
    path: 'api.proto',
    reason: 'Rule contracts gives api.proto tier T2.',
  });
  const [classified, raised] = story.events.slice(before);
  assert.equal(classified?.type, 'CHANGE_CLASSIFIED');
  assert.deepEqual(raised?.type === 'TIER_RAISED' && raised.data, {
    from: 'T1',
    to: 'T2',
    reason: 'Rule contracts gives api.proto tier T2.',
    headSHA: story.state.pullRequest!.headSHA,
    rule: 'contracts',
    path: 'api.proto',
  });
  const status = projectIssue(story.state, { do: 'wait', reason: 'Progressing', message: '', until: null }, null);
  assert.deepEqual([status.issueTier, status.effectiveTier], ['T1', 'T2']);
  assert.match(status.tierReason!, /api\.proto/);
  assert.notEqual(story.state.work, null);
});

test('a change that shows less than was asked lowers nothing', () => {
  const story = graded(inReview(), { tier: 'T0' });
  assert.equal(effectiveGrade(story.state)?.tier, 'T1');
  assert.ok(!story.types().includes('TIER_RAISED'));
});

test('the same grade of the same head is told once, another policy’s anew', () => {
  const story = graded(graded(inReview()));
  const count = () => story.types().filter((type) => type === 'CHANGE_CLASSIFIED').length;
  assert.equal(count(), 1);
  graded(story, { policy: 'uid.2', tier: 'T2' });
  assert.deepEqual([count(), effectiveGrade(story.state)?.tier], [2, 'T2']);
});

test('a grade of a head that is no longer the newest is not taken', () => {
  const story = graded(inReview(), { headSHA: sha('9') });
  assert.equal(story.state.change, null);
});

test('a change that becomes T3 ends the claim and asks a person, who is told the file and the rule', () => {
  const story = graded(inReview(), guarded);
  assert.deepEqual([story.state.work, story.state.awaiting?.reason], [null, 'IrreversibleTier']);
  assert.match(story.state.awaiting!.message, /Rule authentication gives src\/auth\/login\.ts tier T3/);
  const before = story.events.length;
  story.command({ do: 'retry' });
  story.run();
  assert.ok(!story.types(before).includes('ISSUE_ASSIGNED'));
  assert.equal(story.state.awaiting?.reason, 'IrreversibleTier');
});

test('what is pushed before there is a pull request is graded too', () => {
  const story = implementing();
  const { work } = story.state;
  story.append([
    {
      type: 'HEAD_FORWARDED',
      data: { branch: work!.branch, from: null, to: sha('7'), fence: work!.fence, attempt: 1 },
    },
  ]);
  graded(story, guarded);
  assert.deepEqual([story.state.change?.headSHA, story.state.awaiting?.reason], [sha('7'), 'IrreversibleTier']);
});

test('the gate waits for the grade of the head that it would merge, and says so', () => {
  const story = inReview();
  story.see({ change: unknown('git is still reading it') });
  assert.deepEqual(tierRow(story), {
    gate: 'tier',
    state: 'wait',
    reason: 'FactUnknown',
    message: 'The change has not been graded yet: git is still reading it',
  });
  graded(story, { tier: 'T2', reason: 'Because.' });
  assert.equal(tierRow(story)?.reason, 'InterfaceUnapproved');
  story.see({ change: known(changeGrade(story.state, { tier: 'T2' }), NOON) });
  story.append([
    { type: 'PR_UPDATED', data: { number: story.state.pullRequest!.number, headSHA: sha('8'), by: null } },
  ]);
  assert.equal(tierRow(story)?.state, 'wait');
  assert.equal(effectiveGrade(story.state)?.tier, 'T2');
});

test('while the rules have changed and nobody knows what they say of the head, its old grade passes no gate', () => {
  const story = graded(inReview());
  assert.equal(tierRow(story)?.state, 'pass');
  story.see({ change: unknown('the change is being read from git.') });
  assert.deepEqual([tierRow(story)?.state, tierRow(story)?.reason], ['wait', 'FactUnknown']);
  // Known, and not in the log yet.
  story.see({ change: known(changeGrade(story.state, { policy: 'uid.2', tier: 'T2' }), NOON) });
  assert.equal(tierRow(story)?.state, 'wait');
});

test('a change is wider than it was graded where the forge lists the commit at which it began among its own', () => {
  const story = graded(inReview(), { base: sha('b') });
  const { pullRequest } = story.world;
  assert.ok(pullRequest.known);
  const withCommits = (...shas: string[]) =>
    known({ ...pullRequest.value, commits: shas.map((one) => ({ sha: one, message: '', authors: [] })) }, NOON);
  assert.equal(isWidened(story.state.change, withCommits(sha('c'))), false);
  assert.equal(isWidened(story.state.change, withCommits(sha('c'), sha('b'))), true);
  assert.equal(isWidened(story.state.change, unknown('Not read.')), false);
  assert.equal(isWidened({ ...story.state.change!, headSHA: sha('9') }, withCommits(sha('b'))), false);
});

test('an issue that the rules grade higher than they did is graded anew before anything else, and so is what runs', () => {
  const story = implementing();
  const before = story.events.length;
  story.see({ tier: { tier: 'T3', taskClass: 'bugfix', reason: 'Rule payments gives the work tier T3.' } });
  story.run();
  assert.deepEqual([story.state.work, story.state.classified?.tier], [null, 'T3']);
  assert.equal(story.state.awaiting?.reason, 'IrreversibleTier');
  assert.ok(!story.types(before).includes('ISSUE_ASSIGNED'));
});

test('an issue that the rules grade lower than they did stays what it was graded as', () => {
  const story = implementing();
  const before = story.events.length;
  story.see({ tier: { tier: 'T0', taskClass: 'docs', reason: 'Rule prose gives the work tier T0.' } });
  story.run();
  assert.deepEqual([story.events.length, story.state.classified?.tier], [before, 'T1']);
});

test('an edit of what is asked forgets the change that was made for another wish', () => {
  const story = graded(inReview(), guarded);
  story.wish({ body: 'Otherwise.' }, 2);
  assert.equal(story.state.change, null);
});

test('a policy that is wrong leaves the work to a person with what is wrong, until it is right again', () => {
  const story = implementing();
  const { tier } = story.world;
  story.wish({ labels: ['other'] }, 2);
  story.see({ tier: null, tierProblem: 'Rule a in TierPolicy default: cel: it is no CEL.' });
  story.run();
  assert.deepEqual(
    [story.state.awaiting?.reason, story.state.awaiting?.message],
    ['TierPolicyInvalid', 'Rule a in TierPolicy default: cel: it is no CEL.'],
  );
  story.see({ tier, tierProblem: null });
  story.run();
  assert.equal(story.state.awaiting, null);
});
