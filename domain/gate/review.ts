import type { Actor, PullRequestFacts, ReviewFacts, ThreadFacts } from '../facts.ts';
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

/** What an account's word is worth in a review: a reviewer Agent's, a person's with write permission, nobody's, or not known. */
function standing(input: GateInput, review: ReviewFacts): boolean | 'unknown' {
  return input.reviewers.has(review.author.id) ? true : personWithWrite(input, review.author);
}

/** The newest review of each account that says something: a later comment takes neither approval nor refusal back, a dismissal does. */
function opinions(reviews: readonly ReviewFacts[]): ReviewFacts[] {
  const latest = new Map<number, ReviewFacts>();
  const inOrder = [...reviews].sort((a, b) => Date.parse(a.submittedAt) - Date.parse(b.submittedAt) || a.id - b.id);
  for (const review of inOrder) {
    if (review.state === 'commented' || review.state === 'pending') continue;
    latest.set(review.author.id, review);
  }
  return [...latest.values()];
}

/**
 * A current approval of exactly this head by someone who neither opened the pull request nor has a commit in it,
 * and nobody who counts still asks for changes.
 */
export function review({ input, pr }: Row): GateResult {
  const gate = 'review';
  if (!pr.complete.reviews || !pr.complete.commits)
    return unread(gate, 'Not every review or commit of the pull request was read.');
  const current = opinions(pr.reviews);
  for (const one of current.filter((opinion) => opinion.state === 'changes_requested')) {
    const counts = standing(input, one);
    if (counts === 'unknown')
      return unknownStanding(
        gate,
        input,
        `${one.author.login} asks for changes, and it is not known whether that account may write.`,
      );
    if (counts)
      return fail(
        gate,
        'ChangesRequested',
        `${one.author.login} asks for changes; answer them, or have the review dismissed.`,
      );
  }
  const involved = authorsOf(pr);
  const approvals = current.filter((opinion) => opinion.state === 'approved');
  const onHead = approvals.filter((opinion) => opinion.commitSHA === pr.head.sha);
  const independent = onHead.filter((opinion) => !involved.has(opinion.author.id));
  const accepted = independent.find((opinion) => standing(input, opinion) === true);
  if (accepted) return pass(gate, `${accepted.author.login} approved ${pr.head.sha.slice(0, 8)}.`);
  if (independent.some((opinion) => standing(input, opinion) === 'unknown'))
    return unknownStanding(gate, input, 'It is not known whether the one who approved may write.');
  if (onHead.length > independent.length)
    return wait(gate, 'ReviewByAuthor', 'The approval is by an author of the change; another one has to approve.');
  if (approvals.length > onHead.length)
    return wait(gate, 'ReviewStale', `The approval is of an older head; ${pr.head.sha.slice(0, 8)} has none yet.`);
  return wait(gate, 'ReviewMissing', `Nobody whose review counts has approved ${pr.head.sha.slice(0, 8)} yet.`);
}

/** Every thread that a reviewer Agent or a person with write permission opened is resolved, and a person's not by a machine. */
export function threads({ input, pr }: Row): GateResult {
  const gate = 'threads';
  if (!pr.complete.threads) return unread(gate, 'Not every review thread was read.');
  const open = pr.threads.filter((thread) => !settled(input, thread));
  const counted = open.map((thread) => ({ thread, counts: owns(input, thread.comments[0]?.author) }));
  if (counted.some(({ counts }) => counts === 'unknown'))
    return unknownStanding(gate, input, 'It is not known whether the one who opened a thread may write.');
  const blocking = counted.filter(({ counts }) => counts === true);
  if (blocking.length === 0) return pass(gate, 'Every thread that counts is resolved.');
  const first = blocking[0]!.thread;
  return fail(
    gate,
    'ThreadsOpen',
    `${blocking.length} review thread(s) are open, the first at ${first.path}:${first.line ?? '?'}; resolve what is fixed.`,
  );
}

/** A machine's word settles a machine's thread, never a person's. */
function settled(input: GateInput, thread: ThreadFacts): boolean {
  if (!thread.resolved) return false;
  const opener = thread.comments[0]?.author;
  const machine = (actor: Actor) => actor.kind === 'bot' || input.machines.has(actor.id);
  const byMachine = thread.resolvedBy !== null && machine(thread.resolvedBy);
  return !byMachine || (opener !== undefined && (input.reviewers.has(opener.id) || machine(opener)));
}

function owns(input: GateInput, author: Actor | undefined): boolean | 'unknown' {
  if (author === undefined) return 'unknown';
  return input.reviewers.has(author.id) ? true : personWithWrite(input, author);
}
