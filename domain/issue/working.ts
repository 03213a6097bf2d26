import { type WithinCeiling, withinCeiling } from '../agents/ceiling.ts';
import { routeDeveloper } from '../agents/routing.ts';
import { termsOf } from '../gate/terms.ts';
import { type Action, awaitHuman, registered, wait } from './action.ts';
import { pauseAfter } from './backoff.ts';
import { consentFor } from './consent.ts';
import { trustedWork } from './grade.ts';
import { closeStale } from './merges.ts';
import { planAsked } from './plan.ts';
import { reviewOrMerge } from './reviewing.ts';
import type { IssueState } from './state.ts';
import type { AgentFacts, Policy, RepositoryPolicy, World } from './world.ts';

export function worked(state: IssueState, world: World, policy: Policy, now: number): Action {
  const stale = state.pullRequest?.open === true ? closeStale(state) : null;
  if (stale !== null) return stale;
  if (state.work === null) return begin(state, world, policy, now);
  const end = state.lastEnd.work;
  if (state.task.work === null && end !== null) {
    const answer = afterWork(state, end);
    if (answer !== null) return answer;
  }
  if (state.pullRequest === null)
    return wait('Progressing', `${state.work.agent.name} is at work on attempt ${state.work.attempt}.`);
  if (!state.pullRequest.open) return awaitHuman('PullRequestClosed', closedByHand(state.pullRequest.number, world));
  return reviewOrMerge(state, world, policy, now);
}

function closedByHand(number: number, world: World): string {
  const next = 'the next attempt begins, whose own pull request replaces this one.';
  const { merged, message } = howClosed(number, world);
  const otherwise = merged ? 'close the issue if that is all, or edit it' : 'reopen it or edit the issue';
  return `${message}, which ended its attempt; ${otherwise}, and ${next}`;
}

/** How a pull request ended that a merge of its issue did not end: closed, or merged into a branch from which it reaches nobody. The message is without its end. */
export function howClosed(
  number: number,
  { pullRequest: facts, repository }: World,
): { merged: boolean; message: string } {
  if (facts.known && repository.known && facts.value.number === number && facts.value.state === 'merged') {
    const message = `Pull request #${number} was merged into ${facts.value.base.ref}, not into ${repository.value.defaultBranch}`;
    return { merged: true, message };
  }
  return { merged: false, message: `Pull request #${number} was closed by hand` };
}

/** What the newest work task left behind when it ended; null where the pull request decides. */
function afterWork(state: IssueState, end: NonNullable<IssueState['lastEnd']['work']>): Action | null {
  switch (end.ending) {
    case 'stuck':
    case 'asked':
      return awaitHuman(registered(end.reason), end.message);
    case 'failed':
    case 'lost':
    case 'cancelled':
      return {
        do: 'release',
        reason: end.infrastructure ? 'InfrastructureLost' : registered(end.reason),
        message: end.message,
      };
    case 'succeeded':
      if (end.kind === 'plan' && state.plan !== null)
        return { do: 'release', reason: 'PlanProposed', message: end.message };
      return state.pullRequest === null
        ? { do: 'release', reason: 'NothingChanged', message: 'The task ended without a pull request.' }
        : null;
  }
}

/** Who is trusted with the work; where none is, and a person approved that it is begun, any that takes such work. Whoever gives it out verifies that. */
function mayWork(
  candidates: readonly AgentFacts[],
  state: IssueState,
  { name }: Pick<World, 'name'>,
  now: number,
): WithinCeiling {
  const within = withinCeiling(candidates, { ...trustedWork(state), issue: name });
  return within.fit === 'none' && consentFor(state, 'dispatch', now) !== null ? { fit: 'agents', candidates } : within;
}

function begin(state: IssueState, world: World, policy: Policy, now: number): Action {
  const repository = (world.repository as { value: RepositoryPolicy }).value;
  if (!world.stack.known) return wait('FactUnknown', world.stack.why, now + 5_000);
  const { tier } = trustedWork(state);
  if (termsOf(world.terms, tier).dispatch === 'human')
    return awaitHuman(
      'TierOfPeople',
      `The TierPolicy leaves work graded ${tier} to people; merge a change of yours, or change what it asks.`,
    );
  const asked = planAsked(state, world, now);
  if (asked !== null) return asked;
  const routing = routeDeveloper(world.agents, repository, state.classified!.taskClass, world.stack.value);
  if (routing.fit === 'none') return awaitHuman('NoAgentFits', routing.message);
  const within = mayWork(routing.candidates, state, world, now);
  if (within.fit === 'none') return awaitHuman('CeilingTooLow', within.message);
  if (within.fit === 'unknown') return wait('FactUnknown', within.message, now + 1_000);
  const attempts = Math.max(...within.candidates.map((agent) => agent.attempts));
  if (state.failures >= attempts && state.lastFailure) {
    return {
      do: 'fail',
      reason: 'AttemptsExhausted',
      message: `All ${attempts} attempts are used up; the last one ended with ${state.lastFailure.reason}: ${state.lastFailure.message} Edit the issue to start again.`,
    };
  }
  if (state.losses >= policy.maxLosses && state.lastFailure)
    return awaitHuman(
      'InfrastructureLost',
      `Its task was lost ${state.losses} times in a row, the last time so: ${state.lastFailure.message} Look at the forge, the nodes and the Agent's image, or at the clients of an Agent that pulls its work, then edit the issue to start again.`,
    );
  const pause = pauseAfter(state.failures + state.losses, policy);
  const due = state.lastFailure === null ? 0 : state.lastFailure.at + pause;
  if (now < due) {
    return wait(
      'Retrying',
      `Attempt ${state.lastWork?.attempt} ended with ${state.lastFailure!.reason}; the next one starts in ${Math.ceil((due - now) / 1_000)} s.`,
      due,
    );
  }
  const candidates = within.candidates.map(({ name, uid }) => ({ name, uid }));
  return {
    do: 'enqueue',
    candidates,
    stack: world.stack.value,
    reason: 'Queued',
    message: `It waits for a free slot of ${candidates.map((one) => one.name).join(' or ')}.`,
  };
}
