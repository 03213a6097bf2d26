import type { Tier } from '../events/catalogue.ts';
import type { PullRequestFacts } from '../facts.ts';
import { fail, type GateResult, pass, type Row, unread, wait } from './types.ts';

/** None of the Repository's blocking labels is on the pull request. */
export function labels({ input, pr }: Row): GateResult {
  const gate = 'labels';
  if (!pr.complete.labels) return unread(gate, 'Not every label of the pull request was read.');
  const blocked = new Set(input.repository.blockLabels.map((label) => label.toLowerCase()));
  const found = pr.labels.find((label) => blocked.has(label.toLowerCase()));
  return found === undefined
    ? pass(gate, 'No blocking label.')
    : fail(gate, 'Blocked', `The label ${found} blocks the merge; take it off when it may go on.`);
}

/** The forge says now that the head merges, and from T1 up the head contains the base's tip. */
export function mergeable({ input, pr }: Row): GateResult {
  const gate = 'mergeable';
  if (pr.mergeable === 'conflicting')
    return fail(gate, 'Conflict', `The change conflicts with ${pr.base.ref}; ${mended(input.issue.tier)}.`);
  // Before what is still computed: by a queue it is not merged here, however that comes out.
  const queue = mergeQueue(pr);
  if (queue !== null && queue.state !== 'unknown') return queue;
  if (pr.mergeable === 'unknown')
    return {
      gate,
      state: 'unknown',
      reason: 'MergeabilityPending',
      message: 'The forge has not said yet whether the change merges.',
    };
  if (queue !== null) return queue;
  if (input.issue.tier === 'T0') return pass(gate, `Merges into ${pr.base.ref}.`);
  if (pr.containsBase === null)
    return unread(gate, `It is not known whether the head contains the tip of ${pr.base.ref}.`);
  if (!pr.containsBase)
    return fail(
      gate,
      'BaseBehind',
      `The head does not contain the tip of ${pr.base.ref}; ${mended(input.issue.tier)}.`,
    );
  return pass(gate, `Merges into ${pr.base.ref} and contains its tip.`);
}

/** Whose it is to mend a head that does not merge. */
const mended = (tier: Tier | null): string =>
  tier === 'T3'
    ? 'bring the branch up to date by hand, and approve its new head'
    : 'it goes back to be brought up to date';

/** A queue of the forge merges by itself, and another commit than the one that was reviewed. */
function mergeQueue(pr: PullRequestFacts): GateResult | null {
  const gate = 'mergeable';
  switch (pr.mergeQueue) {
    case 'none':
      return null;
    case 'entered':
      return wait(gate, 'MergeQueued', "It is in the forge's merge queue, which merges it or gives it back.");
    case 'required':
      return fail(
        gate,
        'MergeQueueRequired',
        `The forge merges into ${pr.base.ref} by its merge queue only, which the conductor does not enter; put it there by hand, or turn the queue off.`,
      );
    default:
      return unread(gate, 'It is not known whether the forge has a merge queue for the base.');
  }
}

/** What was graded, dispatched and reviewed is the wish as it stands now. */
export function freshness({ input }: Row): GateResult {
  const gate = 'freshness';
  if (input.issue.workGeneration !== null && input.issue.workGeneration !== input.issue.wishGeneration) {
    return fail(
      gate,
      'StaleGeneration',
      'The issue was edited after this change was made; the next attempt works from the new text.',
    );
  }
  return pass(gate, 'The change answers the issue as it stands.');
}
