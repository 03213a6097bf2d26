import type { ApprovalVerdict } from '../approval/judge.ts';
import type { Tier } from '../events/catalogue.ts';
import type { Fact } from '../facts.ts';
import { isHigher } from '../issue/grade.ts';
import { describeApprovals, describeGrade, helpFor, oneLine } from './words.ts';

/** Name of the check that the verifier reports on the head of every pull request. */
export const APPROVAL_CHECK = 'rig/approval';

/** What decided a tier. */
export interface CheckedGrade {
  readonly tier: Tier;
  /** Name of the rule; null where it was no rule, as where a person set a floor. */
  readonly rule: string | null;
  /** The file that it is about; null where it is about the whole. */
  readonly path: string | null;
  /** One sentence. */
  readonly reason: string;
}

/** An Issue that the head belongs to, with its own grade. */
export interface CheckedIssue extends CheckedGrade {
  readonly name: string;
}

/** A merge Approval that names this head. */
export interface CheckedApproval {
  readonly name: string;
  readonly issue: string;
  readonly verdict: ApprovalVerdict;
}

/** All that may be looked at to judge one head. */
export interface CheckedHeadFacts {
  readonly sha: string;
  /** The rules that grade the Repository: `null` where they are there and right, else a sentence that says what is wrong. */
  readonly ungraded: string | null;
  /** The change from the default branch up to the head, graded by those rules. */
  readonly change: Fact<CheckedGrade>;
  readonly issues: readonly CheckedIssue[];
  /** Merge Approvals of this head; at T3 they decide. */
  readonly approvals: Fact<readonly CheckedApproval[]>;
}

/**
 * What the check says. `success` alone lets a merge through. `unknown`: it cannot be told now, which is looked at again. `failure`: it cannot be
 * told before somebody mends something. `action_required`: a person has to sign.
 */
export interface HeadVerdict {
  readonly state: 'success' | 'action_required' | 'failure' | 'unknown';
  /** One line. */
  readonly title: string;
  /** Markdown, with the words of others quoted. */
  readonly summary: string;
  /** When an Approval that it hangs on ends, in ms; null where it hangs on none. */
  readonly until: number | null;
}

/**
 * Whether a head may be merged as far as trust goes: below T3, or with a verified merge Approval of this very head. The tier is the highest of the
 * change's own and those of the Issues it belongs to. Pure and total; what is unknown is never success.
 */
export function judgeHead(facts: CheckedHeadFacts): HeadVerdict {
  const { ungraded, change, issues } = facts;
  if (ungraded !== null)
    return verdict('failure', 'Nothing grades this change', [
      oneLine(ungraded),
      'Nothing of this repository can be merged before a TierPolicy that is right grades it.',
    ]);
  if (!change.known)
    return verdict('unknown', 'The change cannot be graded now', [
      oneLine(change.why),
      'It is looked at again. What cannot be read whole is not let through.',
    ]);
  const decided = highestOf(change.value, issues);
  if (decided.tier !== 'T3') return verdict('success', `${decided.tier}: needs no Approval`, [describeGrade(decided)]);
  return judgeApproved(facts, decided);
}

function judgeApproved({ sha, approvals, issues }: CheckedHeadFacts, decided: CheckedGrade): HeadVerdict {
  const graded = describeGrade(decided);
  if (!approvals.known)
    return verdict('unknown', 'T3: its Approvals cannot be verified now', [graded, oneLine(approvals.why)]);
  const [best] = approvals.value
    .flatMap(({ name, verdict: found }) => (found.verified ? [{ name, ...found }] : []))
    .toSorted((a, b) => b.expiresAt - a.expiresAt);
  if (best === undefined)
    return verdict('action_required', 'T3: a person has to approve exactly this head', [
      graded,
      ...describeApprovals(approvals.value),
      ...helpFor(issues, sha),
    ]);
  const until = new Date(best.expiresAt).toISOString();
  return {
    ...verdict('success', `T3: approved until ${until}`, [graded, ...describeApprovals(approvals.value)]),
    until: best.expiresAt,
  };
}

function highestOf(change: CheckedGrade, issues: readonly CheckedIssue[]): CheckedGrade {
  let found = change;
  for (const { name, ...issue } of issues)
    if (isHigher(issue.tier, found.tier)) found = { ...issue, reason: `Issue ${name}: ${issue.reason}` };
  return found;
}

function verdict(state: HeadVerdict['state'], title: string, paragraphs: readonly string[]): HeadVerdict {
  return { state, title, summary: paragraphs.join('\n\n'), until: null };
}
