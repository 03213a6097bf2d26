import type { Reason } from '#crds';
import type { ApprovalScope } from './document.ts';
import type { Identity } from './people.ts';

/** An Approval as the log knows it. */
export interface RecordedApproval {
  readonly name: string;
  readonly uid: string;
  readonly scope: ApprovalScope;
  /** sha256 (hex) of the document that was signed. */
  readonly digest: string;
  /** The head that a merge Approval is bound to; null for other scopes. */
  readonly headSHA: string | null;
  readonly identity: Identity;
  /** In ms. */
  readonly signedAt: number;
  readonly expiresAt: number;
}

/** What is about to be done, and the issue as it is now. */
export interface ApprovedStep {
  readonly scope: ApprovalScope;
  /** Digest (hex) of the issue as it is now, for this scope; null where it could not be made. */
  readonly digest: string | null;
  /** Asked for where scope is `merge`. */
  readonly headSHA: string | null;
  /** Since when the issue is in its present cycle, in ms: what was signed before it was for an earlier one. */
  readonly since: number;
  /** In ms. */
  readonly now: number;
}

export type Coverage =
  | { readonly covered: true; readonly by: RecordedApproval }
  | { readonly covered: false; readonly reason: Reason; readonly message: string };

/**
 * Whether one of the Approvals that were verified and not revoked allows a step. Of several the one that holds longest.
 * Says the most useful thing that is missing; what is unknown allows nothing. Whoever acts on it verifies that bundle
 * once more.
 */
export function coveredBy(approvals: readonly RecordedApproval[], step: ApprovedStep): Coverage {
  if (step.digest === null || (step.scope === 'merge' && step.headSHA === null)) {
    return missing('ApprovalMissing', 'What is to be approved cannot be read, so no Approval allows it.');
  }
  const ofScope = approvals.filter(({ scope, signedAt }) => scope === step.scope && signedAt >= step.since);
  const same = ofScope.filter(
    ({ digest, headSHA }) => digest === step.digest && (step.scope !== 'merge' || headSHA === step.headSHA),
  );
  const holding = same.filter(({ expiresAt }) => step.now < expiresAt);
  const [by] = holding.toSorted((a, b) => b.expiresAt - a.expiresAt);
  if (by !== undefined) return { covered: true, by };
  if (same.length > 0)
    return missing('ApprovalExpired', `Its Approval for ${step.scope} has expired; ${again(step.scope)}.`);
  if (ofScope.length > 0)
    return missing(
      'DigestMismatch',
      `It has changed since its Approval for ${step.scope} was signed; ${again(step.scope)}.`,
    );
  return missing('ApprovalMissing', `No person has approved its ${step.scope}; ${again(step.scope)}.`);
}

function again(scope: ApprovalScope): string {
  return `a person runs \`rig approve ISSUE --scope ${scope}\``;
}

function missing(reason: Reason, message: string): Coverage {
  return { covered: false, reason, message };
}
