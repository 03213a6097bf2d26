import { deliver } from '../deploy/deliver.ts';
import { type Action, awaitHuman, registered, wait } from './action.ts';
import { finishWithChildren } from './epic.ts';
import { effectiveGrade, gradeOf, outgrown } from './grade.ts';
import { asking, besidePerson, driven } from './irreversible.ts';
import { closeStale, mergeOf, pullsOf, type ShownPull } from './merges.ts';
import { readAgain } from './merging.ts';
import { CLOSED } from './release.ts';
import type { IssueState } from './state.ts';
import { worked } from './working.ts';
import type { Policy, World } from './world.ts';

/**
 * The one thing to do next for an issue, out of a closed set. Pure and total. Waiting is not silence: it always carries
 * the most useful missing thing, and `until` where time alone can change the answer (ms since the epoch).
 */
export function nextAction(state: IssueState, world: World, policy: Policy, now: number): Action {
  if (state.spec === null) return wait('Unfiled', 'The issue has not been recorded yet.');
  return (
    ended(state) ??
    closed(state, world, policy, now) ??
    held(state, world, policy, now) ??
    prepared(state, world, policy, now) ??
    worked(state, world, policy, now)
  );
}

const busy = (state: IssueState): boolean =>
  state.work !== null || state.task.work !== null || state.task.review !== null;

/** Nothing follows an ending; what still runs is released first. */
function ended(state: IssueState): Action | null {
  if (state.ending === null) return null;
  return busy(state)
    ? { do: 'release', reason: 'CancelledByPerson', message: state.ending.message }
    : wait(registered(state.ending.reason), state.ending.message);
}

/** A merge, or the issue closed at the forge: also while a person is asked, for either is an answer. */
function closed(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.merged !== null)
    return (world.repository.known ? closeStale(state) : null) ?? deliver(state, world, policy, now);
  const merge = mergeOf(state, world);
  if (merge !== null) return untold(merge) ? readAgain(merge, policy, now, WHO_MERGED) : null;
  if (!world.forgeIssueClosed) return null;
  // A merge closes the issue as well, and may be told later. Whoever made it, and whether one was asked for: only what was read since says.
  const unread = pullsOf(state, world).find((pull) => mayBeOpen(state, pull) && pull.readAt < world.forgeIssueToldAt);
  if (unread === undefined) return { do: 'cancelIssue', reason: 'CancelledByPerson', message: CLOSED };
  const first = held(state, world, policy, now);
  return first?.do === 'release' ? first : readAgain(unread, policy, now, WHY_CLOSED);
}

const WHO_MERGED = 'The forge shows it merged, and is asked by whom.';
const WHY_CLOSED = 'The issue was closed at the forge; whether a merge did it is looked at.';

/** Merged, and as which commit and by whom has not been read yet. */
const untold = ({ facts }: ShownPull): boolean => facts.known && facts.value.mergeSHA === null;

function mayBeOpen({ pullRequest }: IssueState, { number, facts }: ShownPull): boolean {
  return number === pullRequest?.number ? pullRequest.open : !facts.known || facts.value.state === 'open';
}

/** A suspension, a question to a person, a Repository that is not ready, a wish that changed. */
function held(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.spec!.suspend || state.hold !== null) {
    const message = state.spec!.suspend
      ? 'The issue is suspended; set spec.suspend to false to go on.'
      : `${state.hold!.by} holds the issue; a person says /rig hold off to go on.`;
    return busy(state) ? { do: 'release', reason: 'Suspended', message } : wait('Suspended', message);
  }
  if (state.awaiting !== null) return besidePerson(state, world, policy, now) ?? asking(state, world);
  // To end what nobody wants any more takes no Repository.
  return outdated(state, world) ?? (world.repository.known ? null : unready(world, world.repository.why));
}

/** Work that was begun for another wish than the present one. */
function outdated(state: IssueState, world: World): Action | null {
  if (state.children.length > 0 && busy(state))
    return {
      do: 'release',
      reason: 'HasChildren',
      message: 'The issue has children now: it finishes with them and is no longer worked itself.',
    };
  if (state.work === null) return null;
  const reason = 'NewerGeneration';
  if (outgrown(state, world))
    return { do: 'release', reason, message: 'The tier was raised; the next attempt is graded by it.' };
  if (state.work.generation === state.wishGeneration) return null;
  return { do: 'release', reason, message: 'The issue was edited; the next attempt works from the new text.' };
}

function unready(world: World, why: string): Action {
  return wait(world.repositoryMissing ? 'RepositoryMissing' : 'RepositoryNotReady', why);
}

function prepared(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.spec!.number === null)
    return {
      do: 'fileForgeIssue',
      reason: 'Unnumbered',
      message: 'The issue has no number yet and is filed at the forge.',
    };
  const epic = finishWithChildren(state, world);
  if (epic !== null) return epic;
  const grade = gradeOf(state, world);
  if (grade === null) {
    if (world.tierProblem != null) return awaitHuman('TierPolicyInvalid', world.tierProblem);
    return awaitHuman(
      'NoTierPolicy',
      'Nothing grades the blast radius of this work, so it counts as T3 and is left to a person.',
    );
  }
  if (state.classified?.generation !== state.generation || outgrown(state, world))
    return { do: 'classify', tier: grade, reason: 'Unclassified', message: grade.reason };
  if (effectiveGrade(state)?.tier === 'T3') return driven(state, world, policy, now);
  if (state.work === null && world.missingParent !== null)
    return wait(
      'ParentMissing',
      `spec.parentRef names ${world.missingParent}, which is no Issue of this namespace; apply it here, or take the reference away.`,
    );
  if (state.work === null && world.hopelessDependencies.length > 0) {
    const which = world.hopelessDependencies.join('; ');
    return awaitHuman('DependencyOpen', `It depends on ${which}. Put that right, or edit spec.dependsOn.`);
  }
  if (state.work === null && world.openDependencies.length > 0) {
    return wait('DependencyOpen', `It depends on ${world.openDependencies.join(', ')}, not done yet.`);
  }
  return null;
}
