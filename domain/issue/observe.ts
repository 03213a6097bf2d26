import { accountsOf } from '../agents/routing.ts';
import { observeDelivery } from '../deploy/observe.ts';
import type { DomainEvent } from '../events/catalogue.ts';
import type { PullRequestFacts, ReviewFacts } from '../facts.ts';
import { checkedHead, judgeChecks } from '../gate/checks.ts';
import { authorsOf } from '../gate/review.ts';
import { personWithWrite } from '../gate/types.ts';
import { observeAnswer } from './answers.ts';
import { observeChildren } from './epic.ts';
import { evolve } from './evolve.ts';
import { effectiveGrade, observeChange } from './grade.ts';
import { lossOf } from './loss.ts';
import { mergeOf, observeMerges } from './merges.ts';
import { CLOSED, cancel, unassign } from './release.ts';
import type { IssueState } from './state.ts';
import type { Policy, RepositoryPolicy, World } from './world.ts';

/**
 * What the world shows that the log does not say yet, as the events that say it. Calling it again after these are appended
 * yields nothing new; facts that are unknown yield nothing at all.
 */
export function observe(state: IssueState, world: World, policy: Policy, now: number): DomainEvent[] {
  const seen: DomainEvent[] = [];
  let after = state;
  for (;;) {
    const more = look(after, world, policy, now);
    if (more.length === 0) return seen;
    seen.push(...more);
    after = more.reduce((told, event) => evolve(told, { ...event, version: told.version + 1, at: now }), after);
  }
}

/** One thing at a time: what follows from an event is seen once the event is told. */
function look(state: IssueState, world: World, policy: Policy, now: number): DomainEvent[] {
  if (state.spec === null) return [];
  if (state.ending !== null) return observeEnded(state, world);
  const told = [...observeChildren(state, world), ...observeAnswer(state, world, now), ...observeChange(state, world)];
  if (told.length > 0) return told;
  const lost = observeTasks(state, world, policy, now);
  if (lost.length > 0) return lost;
  if (state.merged !== null) return observeDelivery(state, world);
  const merges = observeMerges(state, world);
  if (merges.length > 0) return merges;
  if (
    !world.pullRequest.known ||
    state.pullRequest === null ||
    world.pullRequest.value.number !== state.pullRequest.number
  )
    return [];
  return observePullRequest(state, world, world.pullRequest.value);
}

/**
 * What failed, or was cancelled by a command, is open at the forge still: closed there too, it is given up like any other. That it is open
 * says nothing, for whoever wrote an issue may open it again; who did is not in the world, and asks for it by a command, if they may. A change that is merged
 * is told whatever ended the issue before.
 */
function observeEnded(state: IssueState, world: World): DomainEvent[] {
  const { ending } = state;
  if (ending === null || ending.kind === 'Done' || !world.repository.known) return [];
  // It is the merge that has closed it, and that nobody could call back.
  if (state.merged === null && mergeOf(state, world) !== null) return observeMerges(state, world);
  if (!world.forgeIssueClosed || (ending.kind === 'Cancelled' && ending.reason !== 'CancelledByCommand')) return [];
  return [{ type: 'ISSUE_CANCELLED', data: { reason: 'CancelledByPerson', message: CLOSED } }];
}

function observeTasks(state: IssueState, world: World, policy: Policy, now: number): DomainEvent[] {
  for (const task of [state.task.work, state.task.review]) {
    const facts = task && world.tasks.get(task.name);
    const loss = task && facts && lossOf(facts, policy, world, now);
    if (!loss) continue;
    const lost: DomainEvent = {
      type: 'TASK_LOST',
      data: { task: task.name, kind: task.kind, fence: task.fence, ...loss },
    };
    if (task.lane === 'review') return [lost];
    // With its claim the whole attempt ends: a review of it would only keep its reviewer busy.
    const review = state.task.review && cancel(state.task.review, 'Superseded', 'The attempt under review ended.');
    return [
      lost,
      ...(review ? [review] : []),
      ...unassign(state, loss.infrastructure ? 'InfrastructureLost' : 'TaskLost', loss.message),
    ];
  }
  return [];
}

function observePullRequest(state: IssueState, world: World, pr: PullRequestFacts): DomainEvent[] {
  if (pr.state === 'merged') return [];
  const current = state.pullRequest!;
  if (pr.state === 'closed')
    return current.open ? [{ type: 'PR_CLOSED', data: { number: pr.number, stale: false, by: null } }] : [];
  if (behind(state, world, pr.head.sha, current.headSHA)) return [];
  if (pr.head.sha !== current.headSHA || !current.open) {
    const by = world.headPushedBy.known ? world.headPushedBy.value : null;
    const machine = by !== null && world.machines.has(by.id) ? ({ machine: true } as const) : {};
    return [{ type: 'PR_UPDATED', data: { number: pr.number, headSHA: pr.head.sha, by, ...machine } }];
  }
  return [...observeChecks(state, world, pr), ...observeReviews(state, world, pr), ...observeConflict(state, pr)];
}

/** The gateway has forwarded a later head than the one that was told: the news of it is on its way, unless a person put the branch back. */
function behind(state: IssueState, world: World, told: string, current: string): boolean {
  if (world.headPushedBy.known && personWithWrite(world, world.headPushedBy.value) === true) return false;
  const ours = state.forwarded.filter(({ branch }) => branch === state.pullRequest!.branch);
  const order = (sha: string) => ours.findIndex((head) => head.sha === sha);
  return order(told) >= 0 && order(told) < order(current);
}

function observeChecks(state: IssueState, world: World, pr: PullRequestFacts): DomainEvent[] {
  const required = requiredChecks(world);
  if (required.length === 0 || !pr.complete.checks) return [];
  const verdict = judgeChecks(required, pr.checks, checkedHead(pr, state.forwarded));
  const told = state.ci?.headSHA === pr.head.sha ? state.ci.passed : null;
  if (verdict.state === 'passed' && told !== true) {
    return [{ type: 'CI_PASSED', data: { headSHA: pr.head.sha, checks: required.map((check) => check.name) } }];
  }
  if (verdict.state !== 'failed' || told === false) return [];
  const failed = verdict.checks.map((check) => ({
    name: check.name,
    conclusion: check.conclusion ?? 'unknown',
    summary: check.summary.slice(-4_096),
  }));
  return [{ type: 'CI_FAILED', data: { headSHA: pr.head.sha, failed } }];
}

function requiredChecks(world: World): Exclude<RepositoryPolicy['requiredChecks'], 'none'> {
  if (!world.repository.known || world.repository.value.requiredChecks === 'none') return [];
  return world.repository.value.requiredChecks;
}

function observeReviews(state: IssueState, world: World, pr: PullRequestFacts): DomainEvent[] {
  const reviewers = accountsOf(world.agents, 'reviewer');
  // What cannot be undone is approved by people alone; that an agent asks for changes is told all the same.
  const mayPass = (review: ReviewFacts) => review.state !== 'approved' || effectiveGrade(state)?.tier !== 'T3';
  const counts = (review: ReviewFacts) =>
    (reviewers.has(review.author.id) && mayPass(review)) || personWithWrite(world, review.author) === true;
  // A live review task reports its own verdict, with all it knows of it; one that died after submitting is told by the forge.
  const reporting = (review: ReviewFacts) => state.task.review !== null && reviewers.has(review.author.id);
  // An author's own approval would never pass the gate; taken for one, it would keep the reviewer from being asked.
  const authors = authorsOf(pr);
  const own = (review: ReviewFacts) => review.state === 'approved' && authors.has(review.author.id);
  const fresh = pr.reviews.filter(
    (review) =>
      review.commitSHA === pr.head.sha &&
      !own(review) &&
      !state.seenReviews.includes(review.id) &&
      !reporting(review) &&
      counts(review),
  );
  return fresh.flatMap((review): DomainEvent[] => {
    const data = { headSHA: pr.head.sha, by: review.author, review: review.id };
    if (review.state === 'approved') return [{ type: 'REVIEW_PASSED', data }];
    if (review.state !== 'changes_requested') return [];
    const threads = pr.threads.filter(
      (thread) => !thread.resolved && thread.comments[0]?.author.id === review.author.id,
    ).length;
    const machine = world.machines.has(review.author.id) ? ({ machine: true } as const) : {};
    return [{ type: 'REVIEW_DISPUTED', data: { ...data, threads, ...machine } }];
  });
}

function observeConflict(state: IssueState, pr: PullRequestFacts): DomainEvent[] {
  if (pr.mergeable !== 'conflicting') return [];
  if (state.conflict?.headSHA === pr.head.sha && state.conflict.baseSHA === pr.base.sha) return [];
  return [{ type: 'MERGE_CONFLICT', data: { number: pr.number, headSHA: pr.head.sha, baseSHA: pr.base.sha } }];
}
