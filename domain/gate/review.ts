import type { PullRequestFacts, ReviewFacts } from '../facts.ts';
import {
  fail,
  type GateInput,
  type GateResult,
  pass,
  personWithWrite,
  type Row,
  unknownStanding,
  unread,
  wait,
} from './types.ts';

/** Accounts that wrote the change: whoever opened the pull request, and everybody with a commit in it. None of them can approve it. */
export function authorsOf(pr: Pick<PullRequestFacts, 'author' | 'commits'>): ReadonlySet<number> {
  return new Set([pr.author.id, ...pr.commits.flatMap((commit) => commit.authors.map((author) => author.id))]);
}

/** {@link authorsOf}, whoever pushed to its branch (a commit may bear any name), and every account that a developer Agent works under. */
function involvedIn({ input, pr }: Row): ReadonlySet<number> {
  return new Set([...authorsOf(pr), ...input.pushers.map(({ id }) => id), ...input.developers]);
}

/** What an account's word is worth in a review: a reviewer Agent's, a person's with write permission, nobody's, or not known. */
function standing(input: GateInput, review: ReviewFacts): boolean | 'unknown' {
  return input.reviewers.has(review.author.id) ? true : personWithWrite(input, review.author);
}

/** An irreversible change is approved by people alone, and nobody is independent of an Agent whose account cannot be told. */
function mayApprove(input: GateInput, review: ReviewFacts): boolean | 'unknown' {
  if (input.issue.agent !== null && input.unaccounted.includes(input.issue.agent)) return 'unknown';
  return input.issue.tier === 'T3' ? personWithWrite(input, review.author) : standing(input, review);
}

/** Of reviews whose order is not told the most cautious one is taken for the newest. */
const caution = { changes_requested: 0, dismissed: 1, approved: 2, commented: 3, pending: 3 } as const;

/** The newest review of each account that says something: a later comment takes neither approval nor refusal back, a dismissal does. */
function opinions(reviews: readonly ReviewFacts[]): ReviewFacts[] {
  const said = reviews.filter((review) => review.state !== 'commented' && review.state !== 'pending');
  const accounts = new Set(said.map((review) => review.author.id));
  return [...accounts].map((account) => newest(said.filter((review) => review.author.id === account)));
}

function newest(reviews: readonly ReviewFacts[]): ReviewFacts {
  const at = (review: ReviewFacts) => Date.parse(review.submittedAt);
  const dated = reviews.filter((review) => !Number.isNaN(at(review)));
  const last = dated.sort((a, b) => at(a) - at(b) || a.id - b.id).slice(-1);
  const undated = reviews.filter((review) => Number.isNaN(at(review)));
  return [...last, ...undated].sort((a, b) => caution[a.state] - caution[b.state])[0]!;
}

/**
 * A current approval of exactly this head by someone who had no hand in the change, and nobody who counts still asks for changes.
 */
export function review(row: Row): GateResult {
  const { input, pr } = row;
  const gate = 'review';
  if (!pr.complete.reviews || !pr.complete.commits)
    return unread(gate, 'Not every review or commit of the pull request was read.');
  const current = opinions(pr.reviews);
  return disputed(input, current) ?? signed(row) ?? approved(row, current);
}

/** At T3 the signature of a listed person over this head is the review; who may not sign their own change is that signature's own rule. */
function signed({ input: { issue, consent }, pr }: Row): GateResult | null {
  if (issue.tier !== 'T3' || consent === null || consent.headSHA !== pr.head.sha) return null;
  return pass('review', `${consent.identity.subject} signed ${pr.head.sha.slice(0, 8)}.`);
}

function disputed(input: GateInput, current: readonly ReviewFacts[]): GateResult | null {
  const gate = 'review';
  const against = current
    .filter((opinion) => opinion.state === 'changes_requested')
    .map((opinion) => ({ login: opinion.author.login, counts: standing(input, opinion) }));
  const certain = against.find(({ counts }) => counts === true);
  if (certain)
    return fail(
      gate,
      'ChangesRequested',
      `${certain.login} asks for changes; answer them, or have the review dismissed.`,
    );
  const perhaps = against.find(({ counts }) => counts === 'unknown');
  return perhaps === undefined
    ? null
    : unknownStanding(
        gate,
        input,
        `${perhaps.login} asks for changes, and it is not known whether that account may write.`,
      );
}

/** Given after the pull request was last set to go to another branch: from there the same head is another change. */
function ofThisBase({ baseChangedAt }: GateInput, { submittedAt }: ReviewFacts): boolean {
  return baseChangedAt === null || Date.parse(submittedAt) > baseChangedAt;
}

function approved(row: Row, current: readonly ReviewFacts[]): GateResult {
  const { input, pr } = row;
  const gate = 'review';
  const short = pr.head.sha.slice(0, 8);
  const involved = involvedIn(row);
  const approvals = current.filter((opinion) => opinion.state === 'approved');
  const onHead = approvals.filter((opinion) => opinion.commitSHA === pr.head.sha && ofThisBase(input, opinion));
  const independent = onHead.filter((opinion) => !involved.has(opinion.author.id));
  const accepted = independent.find((opinion) => mayApprove(input, opinion) === true);
  if (accepted) return pass(gate, `${accepted.author.login} approved ${short}.`);
  if (independent.some((opinion) => mayApprove(input, opinion) === 'unknown'))
    return unknownStanding(gate, input, 'It is not known whether the one who approved may write.');
  if (onHead.length > independent.length)
    return wait(
      gate,
      'ReviewByAuthor',
      'The approval is by somebody who had a hand in the change; another one has to approve.',
    );
  if (approvals.length > onHead.length)
    return wait(
      gate,
      'ReviewStale',
      `The approval is of an older head, or of the change to another branch; ${short} onto ${pr.base.ref} has none yet; /rig review asks for another.`,
    );
  if (current.some((opinion) => opinion.state === 'dismissed' && opinion.commitSHA === pr.head.sha))
    return wait(gate, 'ReviewMissing', `The review of ${short} was dismissed; /rig review asks for another.`);
  return wait(gate, 'ReviewMissing', `Nobody whose review counts has approved ${short} yet.`);
}
