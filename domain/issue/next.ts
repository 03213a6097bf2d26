import { type Action, awaitHuman, registered, wait } from './action.ts';
import { readPullRequest } from './merging.ts';
import type { IssueState } from './state.ts';
import { worked } from './working.ts';
import type { Policy, World } from './world.ts';

/**
 * The one thing to do next for an issue, out of a closed set. Pure and total. Waiting is not silence: it always carries
 * the most useful missing thing, and `until` where time alone can change the answer (ms since the epoch).
 */
export function nextAction(state: IssueState, world: World, policy: Policy, now: number): Action {
  if (state.spec === null) return wait('Unfiled', 'The issue has not been recorded yet.');
  return ended(state) ?? held(state, world, policy, now) ?? prepared(state, world) ?? worked(state, world, policy, now);
}

/** Nothing follows an ending, a suspension or a question to a person; what still runs is released first. */
function ended(state: IssueState): Action | null {
  const busy = state.work !== null || state.task.work !== null || state.task.review !== null;
  if (state.ending !== null)
    return busy
      ? { do: 'release', reason: 'CancelledByPerson', message: state.ending.message }
      : wait(registered(state.ending.reason), state.ending.message);
  if (state.merged !== null) return null;
  if (state.spec!.suspend) {
    const message = 'The issue is suspended; set spec.suspend to false to go on.';
    return busy ? { do: 'release', reason: 'Suspended', message } : wait('Suspended', message);
  }
  return state.awaiting === null ? null : wait(registered(state.awaiting.reason), state.awaiting.message);
}

function held(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.merged !== null) return finish(world);
  // A merge by a person closes the issue as well, and may be told later: look before taking it for a no.
  if (
    world.forgeIssueClosed &&
    state.pullRequest?.open === true &&
    now - world.pullRequestReadAt >= policy.readInterval
  )
    return readPullRequest(state, 'The issue was closed at the forge.');
  if (world.forgeIssueClosed)
    return {
      do: 'cancelIssue',
      reason: 'CancelledByPerson',
      message: 'The issue was closed at the forge; reopen it there to go on.',
    };
  if (!world.repository.known) return wait('RepositoryNotReady', world.repository.why);
  if (state.work !== null && state.work.generation !== state.wishGeneration) {
    return {
      do: 'release',
      reason: 'NewerGeneration',
      message: 'The issue was edited; the next attempt works from the new text.',
    };
  }
  return null;
}

function finish(world: World): Action {
  if (!world.repository.known) return wait('RepositoryNotReady', world.repository.why);
  const { deploy } = world.repository.value;
  if (deploy === 'none')
    return { do: 'finish', reason: 'Merged', message: 'The change is merged, and the Repository deploys nothing.' };
  return awaitHuman(
    'DeployUnsupported',
    `The change is merged; this conductor cannot deploy by ${deploy}: deploy it by hand, or set deploy.kind to none.`,
  );
}

function prepared(state: IssueState, world: World): Action | null {
  if (state.spec!.number === null)
    return {
      do: 'fileForgeIssue',
      reason: 'Unnumbered',
      message: 'The issue has no number yet and is filed at the forge.',
    };
  if (world.tier === null) {
    return awaitHuman(
      'NoTierPolicy',
      'Nothing grades the blast radius of this work, so it counts as T3 and is left to a person.',
    );
  }
  if (state.classified?.generation !== state.generation)
    return { do: 'classify', tier: world.tier, reason: 'Unclassified', message: world.tier.reason };
  if (state.classified.tier === 'T3') return awaitHuman('IrreversibleTier', 'Work graded T3 is driven by a person.');
  if (state.work === null && world.openDependencies.length > 0) {
    return wait('DependencyOpen', `It depends on ${world.openDependencies.join(', ')}, not done yet.`);
  }
  return null;
}
