import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD, PULL, sha } from '../testing/facts.ts';
import { implementing, inReview, Story } from '../testing/story.ts';
import { developer, noDeploy, quietWorld } from '../testing/world.ts';
import { phaseOf, projectIssue } from './status.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;

test('an issue without a number goes from filed to done: every event of its life, in order', () => {
  const story = new Story();
  story.wish({ number: null });
  story.run();
  story.report({ type: 'started', model: 'model-1' });
  story.deliver().ci();
  story.finish();
  story.run();
  story.verdict(false).run();
  story.push(sha('d')).pull({ head: { ...story.shown.head, sha: sha('d') } });
  story.ci();
  story.report({ type: 'threadsResolved', threads: ['thread-1'], by: 'dev-e' });
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  const last = story.run();
  assert.deepEqual(story.types(), [
    'ISSUE_FILED',
    'ISSUE_EDITED',
    'ISSUE_CLASSIFIED',
    'ISSUE_ASSIGNED',
    'TASK_DISPATCHED',
    'WORK_STARTED',
    'BRANCH_CREATED',
    'HEAD_FORWARDED',
    'PR_CREATED',
    'TASK_FINISHED',
    'CI_PASSED',
    'REVIEW_ASSIGNED',
    'TASK_DISPATCHED',
    'REVIEW_DISPUTED',
    'TASK_FINISHED',
    'TASK_DISPATCHED',
    'HEAD_FORWARDED',
    'THREADS_RESOLVED',
    'TASK_FINISHED',
    'CI_PASSED',
    'REVIEW_ASSIGNED',
    'TASK_DISPATCHED',
    'REVIEW_PASSED',
    'TASK_FINISHED',
    'MERGE_REQUESTED',
    'MERGED',
    'ISSUE_UNASSIGNED',
    'ISSUE_DONE',
  ]);
  assert.deepEqual(story.actions.map(doing), [
    'fileForgeIssue Unnumbered',
    'classify Unclassified',
    'enqueue Queued',
    'wait Progressing',
    'dispatch ReviewWanted',
    'wait Progressing',
    'dispatch ReworkWanted',
    'wait Progressing',
    'dispatch ReviewWanted',
    'wait Progressing',
    'merge AllGatesPassed',
    'finish Merged',
    'wait Done',
  ]);
  assert.equal(last.message, 'The change is merged, and the Repository deploys nothing.');
});

test('the phases of a life are those of its events', () => {
  const story = new Story();
  const phases = [phaseOf(story.state)];
  const look = () => phases.push(phaseOf(story.state));
  story.wish();
  look();
  story.busy = { 'dev-e': 1 };
  story.run();
  look();
  story.busy = {};
  story.run();
  look();
  story.deliver().ci();
  story.finish();
  story.run();
  look();
  story.verdict(false).run();
  look();
  story
    .push(sha('d'))
    .pull({ head: { ...story.shown.head, sha: sha('d') } })
    .ci();
  story.finish();
  story.run();
  look();
  story.later(1_000).verdict(true);
  story.run();
  look();
  assert.deepEqual(phases, [
    'Pending',
    'Pending',
    'Queued',
    'Implementing',
    'InReview',
    'Implementing',
    'InReview',
    'Done',
  ]);
});

test('the status of an issue in review tells number, branch, attempt, agent and pull request', () => {
  const story = inReview();
  assert.deepEqual(projectIssue(story.state, story.next(), 'https://forge.example/acme/parser/issues/12'), {
    phase: 'InReview',
    why: 'review-e is reviewing aaaaaaaa.',
    number: 12,
    url: 'https://forge.example/acme/parser/issues/12',
    issueTier: 'T1',
    effectiveTier: 'T1',
    tierReason: 'Every change counts as T1.',
    taskClass: 'bugfix',
    assignedTo: 'dev-e',
    attempts: 1,
    branch: 'rig/fix-parser/1',
    pullRequest: { number: PULL, url: 'https://forge.example/acme/parser/pull/34', headSHA: HEAD },
  });
});

test('review is dispatched while the implement task still runs, and the merge waits for its end', () => {
  const story = implementing().deliver().ci();
  assert.equal(doing(story.run()), 'wait Progressing');
  assert.equal(story.live('review').headSHA, HEAD);
  assert.equal(story.live('work').kind, 'implement');
  story.verdict(true);
  assert.match(story.run().message, /dev-e is at work \(implement\)/);
  story.finish();
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('an attempt that has nothing to add is merged on the check that the head had on the branch of the attempt before', () => {
  const story = implementing().deliver(HEAD, PULL).ci();
  story.wish({ body: 'Parse them once, and say so.' }, 2);
  story.run();
  assert.equal(story.state.work?.attempt, 2);
  const { checks } = story.shown;
  story.deliver(HEAD, PULL + 1).pull({ checks });
  assert.deepEqual([story.shown.head.ref, checks[0]?.branch], ['rig/fix-parser/2', 'rig/fix-parser/1']);
  story.finish();
  story.run();
  story.later(1_000).verdict(true);
  story.run();
  assert.equal(phaseOf(story.state), 'Done');
});

test('nothing grades the work: a person is asked, nothing is claimed, and a policy that comes later lets it go on', () => {
  const story = new Story().see({ tier: null });
  story.wish();
  assert.equal(doing(story.run()), 'wait NoTierPolicy');
  assert.deepEqual(story.types(), ['ISSUE_FILED', 'HUMAN_GATE_TRIGGERED']);
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  story.see({ tier: quietWorld().tier });
  story.run();
  assert.equal(phaseOf(story.state), 'Implementing');
});

test('work graded T3 is left to a person', () => {
  const story = new Story().see({ tier: { tier: 'T3', taskClass: 'auth', reason: 'It touches tokens.' } });
  story.wish();
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.equal(story.state.work, null);
});

test('an issue that becomes T3 while an agent works on it is taken from the agent and given to a person', () => {
  const story = implementing();
  story.see({ tier: { tier: 'T3', taskClass: 'auth', reason: 'It touches tokens.' } }).wish({ labels: ['auth'] }, 2);
  assert.equal(doing(story.run()), 'wait IrreversibleTier');
  assert.deepEqual(story.types(4), [
    'ISSUE_EDITED',
    'TASK_CANCELLED',
    'ISSUE_UNASSIGNED',
    'ISSUE_CLASSIFIED',
    'TIER_RAISED',
    'HUMAN_GATE_TRIGGERED',
  ]);
  assert.equal(story.state.failures, 0);
});

test('no Agent fits: a person is asked; one that is ready later takes the work without another word', () => {
  const story = new Story().see({ agents: [developer({ stacks: ['go'] })] });
  story.wish();
  const asked = story.run();
  assert.equal(doing(asked), 'wait NoAgentFits');
  assert.equal(
    asked.message,
    'No ready Agent of role developer takes work of class bugfix in a node repository; apply one, or unsuspend one.',
  );
  story.see({ agents: [developer({ ready: false })] });
  assert.equal(doing(story.run()), 'wait NoAgentFits');
  story.see({ agents: [developer()] });
  story.run();
  assert.equal(phaseOf(story.state), 'Implementing');
});

test('every Agent that fits is busy: the issue stays queued, and is claimed when a slot is free', () => {
  const story = new Story();
  story.busy = { 'dev-e': 1 };
  story.wish();
  const queued = story.run();
  assert.deepEqual([doing(queued), queued.message], ['enqueue Queued', 'It waits for a free slot of dev-e.']);
  assert.equal(phaseOf(story.state), 'Queued');
  story.busy = {};
  story.run();
  assert.equal(story.live('work').agent.name, 'dev-e');
});

test('it waits for what it depends on, by name, and starts when that is done', () => {
  const story = new Story().see({ openDependencies: ['split-lexer', 'drop-node-18'] });
  story.wish({ dependsOn: ['split-lexer', 'drop-node-18'] });
  assert.equal(story.run().message, 'It depends on split-lexer, drop-node-18, not done yet.');
  assert.equal(phaseOf(story.state), 'Queued');
  story.see({ openDependencies: [] });
  story.run();
  assert.equal(phaseOf(story.state), 'Implementing');
});

test('a dependency that failed is left to a person, and once it is taken up again the issue waits and starts by itself', () => {
  const story = new Story().see({ openDependencies: ['lexer'], hopelessDependencies: ['lexer, which has failed'] });
  story.wish({ dependsOn: ['lexer'] });
  const told = story.run();
  assert.deepEqual(
    [told.reason, told.message],
    ['DependencyOpen', 'It depends on lexer, which has failed. Put that right, or edit spec.dependsOn.'],
  );
  assert.equal(phaseOf(story.state), 'AwaitingHuman');
  story.see({ hopelessDependencies: [] });
  assert.equal(story.run().message, 'It depends on lexer, not done yet.');
  story.see({ openDependencies: [] });
  story.run();
  assert.equal(phaseOf(story.state), 'Implementing');
});

test('a dependency that opens again does not stop work that has begun', () => {
  const story = implementing().see({ openDependencies: ['split-lexer'] });
  assert.equal(doing(story.run()), 'wait Progressing');
});

test('the Repository is not known: the issue waits with the reason the Repository gives', () => {
  const story = new Story().see({ repository: { known: false, why: 'There is no Repository parser; apply one.' } });
  story.wish();
  const waiting = story.run();
  assert.deepEqual(
    [doing(waiting), waiting.message],
    ['wait RepositoryNotReady', 'There is no Repository parser; apply one.'],
  );
});

test('the stack of the repository could not be read: it is asked again in five seconds, and nothing is claimed', () => {
  const story = new Story().see({ stack: { known: false, why: 'The forge does not answer.' } });
  story.wish();
  const waiting = story.run();
  assert.deepEqual(waiting, {
    do: 'wait',
    reason: 'FactUnknown',
    message: 'The forge does not answer.',
    until: story.now + 5_000,
  });
});

test('an issue that was never recorded has nothing to do', () => {
  assert.equal(doing(new Story().next()), 'wait Unfiled');
});

test('the Repository wants a deploy this conductor does not do: a person is asked once, and none is the answer', () => {
  const story = inReview();
  const { repository } = story.world;
  assert.ok(repository.known);
  story.see({
    repository: { ...repository, value: { ...repository.value, deploy: { ...noDeploy, kind: 'xcode-cloud' } } },
  });
  story.later(1_000).verdict(true);
  assert.equal(doing(story.run()), 'wait DeployUnsupported');
  assert.match(
    story.state.awaiting?.message ?? '',
    /cannot tell what xcode-cloud deploys\. Set deploy\.kind of the Repository to deployments.*none ends the issue/,
  );
  assert.equal(story.types().filter((type) => type === 'HUMAN_GATE_TRIGGERED').length, 1);
  story.see({ repository });
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('there is no Repository of that name: the issue says so, and goes on when there is one', () => {
  const { repository } = new Story().world;
  const story = new Story().see({ repositoryMissing: true, repository: { known: false, why: 'Apply it.' } });
  story.wish();
  assert.equal(doing(story.run()), 'wait RepositoryMissing');
  story.see({ repositoryMissing: false, repository });
  assert.equal(doing(story.run()), 'wait Progressing');
});

test('an edit ends the work for the old text also while the Repository is not ready', () => {
  const story = implementing().see({ repository: { known: false, why: 'It is not ready.' } });
  story.wish({ body: 'Otherwise.' }, 2);
  assert.equal(doing(story.run()), 'wait RepositoryNotReady');
  assert.equal(story.state.work, null);
});
