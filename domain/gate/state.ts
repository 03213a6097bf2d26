import { fail, type GateResult, pass, type Row, unread } from './types.ts';

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
  if (pr.mergeable === 'unknown')
    return {
      gate,
      state: 'unknown',
      reason: 'MergeabilityPending',
      message: 'The forge has not said yet whether the change merges.',
    };
  if (pr.mergeable === 'conflicting')
    return fail(gate, 'Conflict', `The change conflicts with ${pr.base.ref}; it goes back for rework.`);
  if (input.issue.tier === 'T0') return pass(gate, `Merges into ${pr.base.ref}.`);
  if (pr.containsBase === null)
    return unread(gate, `It is not known whether the head contains the tip of ${pr.base.ref}.`);
  if (!pr.containsBase)
    return fail(
      gate,
      'BaseBehind',
      `The head does not contain the tip of ${pr.base.ref}; it goes back to be brought up to date.`,
    );
  return pass(gate, `Merges into ${pr.base.ref} and contains its tip.`);
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
