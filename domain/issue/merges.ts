import type { DomainEvent, EventData } from '../events/catalogue.ts';
import type { Fact, PullRequestFacts } from '../facts.ts';
import type { Action } from './action.ts';
import type { Change, IssueState } from './state.ts';
import type { World } from './world.ts';

/** A pull request as far as the world shows it; `readAt` is when it was last read whole, in ms. */
export interface ShownPull {
  readonly number: number;
  readonly facts: Fact<PullRequestFacts>;
  readonly readAt: number;
}

/** What of the world tells of merges. */
export type MergesWorld = Pick<World, 'repository' | 'pullRequest' | 'pullRequestReadAt' | 'stalePulls'>;

/** The pull request of the newest attempt, where it has one, and those of earlier ones that may still be open. */
export function pullsOf({ pullRequest, stalePullRequests }: IssueState, world: MergesWorld): readonly ShownPull[] {
  const { pullRequest: facts, pullRequestReadAt: readAt } = world;
  const current = pullRequest === null ? [] : [{ number: pullRequest.number, facts, readAt }];
  return [...current, ...world.stalePulls.filter(({ number }) => stalePullRequests.includes(number))];
}

/** Where the world shows a pull request as merged: into the default branch, into another one, or nobody knows which branch that is. */
export function mergedInto({ number, facts }: ShownPull, world: MergesWorld): 'default' | 'other' | 'unknown' | null {
  if (!facts.known || facts.value.number !== number || facts.value.state !== 'merged') return null;
  if (!world.repository.known) return 'unknown';
  return facts.value.base.ref === world.repository.value.defaultBranch ? 'default' : 'other';
}

/** A merge that is, or may be, the end of the issue: of the newest attempt or of an earlier one, by whomever. */
export function mergeOf(state: IssueState, world: MergesWorld): ShownPull | null {
  return (
    pullsOf(state, world).find((pull) => {
      const into = mergedInto(pull, world);
      return into !== null && into !== 'other';
    }) ?? null
  );
}

/** Merges that the log does not tell of yet. One into another branch than the default one has only closed its pull request. */
export function observeMerges(state: IssueState, world: MergesWorld): DomainEvent[] {
  const merge = mergeOf(state, world);
  if (merge !== null) return world.repository.known ? mergedEvent(merge) : [];
  return pullsOf(state, world).flatMap((pull): DomainEvent[] => {
    const { number, facts } = pull;
    const stale = number !== state.pullRequest?.number;
    if (!facts.known || mergedInto(pull, world) === null || !(stale || state.pullRequest.open)) return [];
    return [{ type: 'PR_CLOSED', data: { number, stale, by: facts.value.mergedBy } }];
  });
}

function mergedEvent({ number, facts }: ShownPull): DomainEvent[] {
  if (!facts.known || facts.value.mergeSHA === null) return [];
  const { head, mergeSHA, mergedBy } = facts.value;
  return [{ type: 'MERGED', data: { number, headSHA: head.sha, mergeSHA, by: mergedBy } }];
}

/**
 * What is merged is the change, of whichever attempt: the pull request of the newest is stale where it was not that one. A merge that was on its way
 * overtakes the word that called the issue off: it goes on behind it.
 */
export function merged({ pullRequest, stalePullRequests, ending }: IssueState, data: EventData<'MERGED'>): Change {
  const ours = pullRequest?.number === data.number;
  const left = pullRequest?.open === true && !ours ? [pullRequest.number] : [];
  return {
    merged: { sha: data.mergeSHA, headSHA: data.headSHA },
    awaiting: null,
    waiting: null,
    ending: ending?.kind === 'Done' ? ending : null,
    pullRequest: ours ? pullRequest : null,
    stalePullRequests: [...stalePullRequests.filter((number) => number !== data.number), ...left],
  };
}

/** Closes what an earlier attempt, or one that a merge overtook, has left open; null where there is nothing. */
export function closeStale({ stalePullRequests: [number], merged }: IssueState): Action | null {
  if (number === undefined) return null;
  const why =
    merged === null ? `Pull request #${number} is of an earlier attempt.` : `The change was merged without #${number}.`;
  return { do: 'closeStalePullRequest', number, reason: 'Superseded', message: why };
}
