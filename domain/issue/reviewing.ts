import { accountsOf, reviewersFor, routeReviewer } from '../agents/routing.ts';
import type { ThreadFacts } from '../facts.ts';
import { type Action, awaitHuman, registered, wait } from './action.ts';
import { pauseAfter } from './backoff.ts';
import { effectiveGrade } from './grade.ts';
import { current, mergeOrSay, readAgain } from './merging.ts';
import type { IssueState } from './state.ts';
import type { Policy, World } from './world.ts';

/** In ms: a Secret that is whole again, or a forge that answers who an Agent is there, tells nobody. */
const UNTOLD = 60_000;

export function reviewOrMerge(state: IssueState, world: World, policy: Policy, now: number): Action {
  const head = state.pullRequest!.headSHA;
  if (!world.pullRequest.known) return readAgain(current(state, world), policy, now, world.pullRequest.why);
  if (world.pullRequest.value.head.sha !== head)
    return readAgain(
      current(state, world),
      policy,
      now,
      `The forge still shows an older head than ${head.slice(0, 8)}.`,
    );
  const review = state.task.review;
  if (review !== null && review.headSHA !== head)
    return {
      do: 'cancelTask',
      task: review.name,
      reason: 'HeadMoved',
      message: 'The head moved; the review starts again on the new one.',
    };
  const rework = state.task.work === null ? wantsRework(state, world) : null;
  if (rework !== null && review === null) return dispatchRework(state, world, policy, rework);
  const wanted = wantsReview(state, world, policy, now);
  if (wanted !== null) return wanted;
  if (state.task.work !== null)
    return wait('Progressing', `${state.task.work.agent.name} is at work (${state.task.work.kind}).`);
  if (review !== null) return wait('Progressing', `${review.agent.name} is reviewing ${head.slice(0, 8)}.`);
  return mergeOrSay(state, world, policy, now);
}

/** Why the current head has to go back to the developer, or null. A head that was sent back once already is not sent back for the same. */
function wantsRework(state: IssueState, world: World): string | null {
  const head = state.pullRequest!.headSHA;
  if (state.ci?.headSHA === head && !state.ci.passed) return 'A required check failed.';
  if (state.verdict?.headSHA === head && !state.verdict.passed) return 'A review asks for changes.';
  if (
    state.conflict?.headSHA === head &&
    world.pullRequest.known &&
    world.pullRequest.value.mergeable === 'conflicting'
  )
    return 'The change conflicts with the base.';
  if (
    world.pullRequest.known &&
    world.pullRequest.value.containsBase === false &&
    effectiveGrade(state)?.tier !== 'T0' &&
    state.verdict?.passed === true
  ) {
    return 'The change does not contain the tip of the base.';
  }
  if (state.verdict?.headSHA === head && remarksLeft(world))
    return 'A review passed it, and a thread that a reviewer opened is not resolved.';
  return null;
}

/**
 * Threads of reviewer Agents keep a head from merging, and no reviewer resolves its own: what one left that passed the head, or whose task was lost
 * before its verdict was told, is answered by whoever works on it.
 */
function remarksLeft({ pullRequest, agents }: World): boolean {
  const reviewers = accountsOf(agents, 'reviewer');
  const opener = ({ comments }: ThreadFacts) => comments[0]?.author.id;
  return (
    pullRequest.known &&
    pullRequest.value.threads.some((thread) => !thread.resolved && reviewers.has(opener(thread) ?? 0))
  );
}

function dispatchRework(state: IssueState, { agents }: World, policy: Policy, why: string): Action {
  const { headSHA } = state.pullRequest!;
  const sameHead = state.reworkedHeads.filter((sha) => sha === headSHA).length;
  if (state.disputes >= policy.maxDisputes || state.rounds.rework >= 2 * policy.maxDisputes || sameHead >= 2) {
    return awaitHuman(
      'ReviewLoopExceeded',
      `Review and rework went round ${Math.max(state.disputes, state.rounds.rework)} times without an end; a person has to look at pull request #${state.pullRequest!.number}.`,
    );
  }
  const { agent } = state.work!;
  if (agents.some(({ uid, suspended }) => suspended && uid === agent.uid))
    return wait('AgentSuspended', `${why} Agent ${agent.name} mends it once its spec.suspend is false again.`);
  return { do: 'dispatch', kind: 'rework', agent, headSHA, reason: 'ReworkWanted', message: why };
}

/** What follows from a head that may need a review: its dispatch, a pause, a person; null where it needs none. */
export function wantsReview(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  const head = state.pullRequest!.headSHA;
  const answered = state.verdict?.headSHA === head;
  const reworkingThis = state.task.work?.kind === 'rework' && state.task.work.headSHA === head;
  if (answered || reworkingThis || state.task.review !== null || !world.pullRequest.known) return null;
  const again = reviewAgain(state, policy, now);
  if (again !== null) return again;
  const due = Date.parse(world.pullRequest.value.updatedAt) + policy.reviewDebounce;
  if (policy.reviewDebounce > 0 && now < due)
    return wait('ReviewDebounced', 'The review starts when the head has been quiet for a while.', due);
  const { author } = world.pullRequest.value;
  const reviewer = routeReviewer(world.agents, author);
  if (reviewer === 'full')
    return {
      do: 'wait',
      reason: 'ConcurrencyFull',
      message: 'Every reviewer is busy.',
      until: null,
      places: reviewersFor(world.agents, author).map(({ uid }) => uid),
    };
  if (reviewer === null)
    return wait(
      'ReviewMissing',
      'No ready Agent of role reviewer with its own forge account; apply one, or have a person review.',
      now + UNTOLD,
    );
  const agent = { name: reviewer.name, uid: reviewer.uid };
  return {
    do: 'dispatch',
    kind: 'review',
    agent,
    headSHA: head,
    reason: 'ReviewWanted',
    message: `Head ${head.slice(0, 8)} has not been reviewed.`,
  };
}

/** What the reviews of this head that came to nothing lead to: a person, or a pause. Null where none did. */
function reviewAgain(state: IssueState, policy: Policy, now: number): Action | null {
  const { failedReviews, reviewLosses } = state;
  const end = state.lastEnd.review;
  if (end === null) return null;
  if (failedReviews >= policy.maxFailedReviews)
    return awaitHuman('ReviewFailed', `The review task failed ${failedReviews} times: ${end.message}`);
  if (reviewLosses >= policy.maxLosses)
    return awaitHuman(
      'InfrastructureLost',
      `Its review was lost ${reviewLosses} times in a row, the last time so: ${end.message} Look at the forge, the nodes and the reviewer's image, or at the clients of a reviewer that pulls its work, then say /rig retry.`,
    );
  if (end.ending === 'asked' || end.ending === 'stuck') return awaitHuman(registered(end.reason), end.message);
  const turns = failedReviews + reviewLosses;
  const due = end.at + pauseAfter(turns, policy);
  if (turns === 0 || now >= due) return null;
  const seconds = Math.ceil((due - now) / 1_000);
  return wait('Retrying', `The review ended with ${end.reason}; the next one starts in ${seconds} s.`, due);
}
