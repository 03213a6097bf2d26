import type { ApprovalScope } from '../approval/document.ts';
import { isSignedSince, type RecordedApproval, standingApprovals } from '../approval/known.ts';
import type { EventData } from '../events/catalogue.ts';
import type { Change, IssueState } from './state.ts';

/** An Approval that let something through. */
export interface UsedApproval {
  readonly uid: string;
  readonly event: EventData<'APPROVAL_USED'>['allows'];
  /** In ms, when it did so last. */
  readonly at: number;
}

/** Approvals of one issue of which it is remembered that they were used; nobody signs as many. */
const REMEMBERED = 64;

/**
 * The Approval by which a step may be tried, by the log's word alone: verified, not taken back, signed for this cycle of the issue, not expired, and where
 * a merge is asked for, over the head that the pull request has now. Of several the one that holds longest. Whoever takes the step verifies its bundle
 * first, against the issue as it is then. With `uid` that of this object alone. Null where there is none.
 */
export function consentFor(
  state: IssueState,
  scope: ApprovalScope,
  now: number,
  uid?: string,
): RecordedApproval | null {
  const holding = consentsHolding(state, scope, now).filter((one) => uid === undefined || one.uid === uid);
  return holding.toSorted((a, b) => b.expiresAt - a.expiresAt)[0] ?? null;
}

/** Every Approval that {@link consentFor} chooses from. */
export function consentsHolding(state: IssueState, scope: ApprovalScope, now: number): RecordedApproval[] {
  const head = state.pullRequest?.open === true ? state.pullRequest.headSHA : null;
  return consentsOf(state, scope).filter(
    ({ expiresAt, headSHA }) => now < expiresAt && (scope !== 'merge' || (head !== null && headSHA === head)),
  );
}

/** Those of a scope that were verified for this cycle of the issue and not taken back, whether or not their time is over. */
export function consentsOf(state: IssueState, scope: ApprovalScope): RecordedApproval[] {
  const { approvals, approvedSince } = state;
  return standingApprovals(approvals).filter(
    (one) => one.scope === scope && isSignedSince(one.signedAt, approvedSince),
  );
}

/** What the log is told in the transaction of what an Approval lets through. */
export function useOf(consent: RecordedApproval, allows: UsedApproval['event']): EventData<'APPROVAL_USED'> {
  const { name, uid, scope, digest, headSHA, identity } = consent;
  return { approval: name, uid, scope, digest, headSHA, ...identity, allows };
}

export function approvalUsed({ usedApprovals }: IssueState, data: EventData<'APPROVAL_USED'>, at: number): Change {
  const others = usedApprovals.filter(({ uid }) => uid !== data.uid);
  return { usedApprovals: [...others.slice(1 - REMEMBERED), { uid: data.uid, event: data.allows, at }] };
}
