import type { IssuePhase } from '#crds';
import type { Tier } from '../events/catalogue.ts';

/** What a status of an Issue says of who may work on it. */
export interface ShownIssue {
  readonly phase: IssuePhase | null;
  readonly effectiveTier: Tier | null;
}

/** Where nothing is done for an Issue: it waits for a person, or was given up, from where it may be taken up again. */
const RESTING: readonly (IssuePhase | null)[] = ['AwaitingHuman', 'Cancelled', 'Failed'];

/**
 * Whether a new status has an Issue go on that waited for a person because what it asks cannot be undone, or says that it is not so any more: that is
 * shown only where the verifier finds so itself. Giving up is always shown, and is no way around: what was given up at T3 goes on as little.
 */
export function leavesPerson(was: ShownIssue, is: ShownIssue): boolean {
  const rests = ({ phase, effectiveTier }: ShownIssue) => RESTING.includes(phase) && effectiveTier === 'T3';
  return rests(was) && !rests(is);
}
