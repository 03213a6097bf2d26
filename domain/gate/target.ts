import { fail, type GateResult, pass, personWithWrite, type Row, unknownStanding, unread, wait } from './types.ts';

/** Open, no draft, from the repository itself, onto the default branch, from the branch of the newest work claim (or a trusted person). */
export function target({ input, pr }: Row): GateResult {
  const gate = 'target';
  if (pr.state === 'merged') return fail(gate, 'Merged', `Pull request #${pr.number} is merged already.`);
  if (pr.state !== 'open')
    return fail(
      gate,
      'PullRequestClosed',
      `Pull request #${pr.number} is closed; reopen it, or edit the issue, and the next attempt begins with its own.`,
    );
  if (input.issue.headSHA !== null && pr.head.sha !== input.issue.headSHA)
    return wait(
      gate,
      'HeadMoved',
      `The head moved from ${input.issue.headSHA.slice(0, 8)} to ${pr.head.sha.slice(0, 8)}; it is decided anew.`,
    );
  if (pr.draft) return fail(gate, 'Draft', `Pull request #${pr.number} is a draft; mark it ready for review.`);
  if (pr.head.repositoryId !== pr.base.repositoryId || pr.base.repositoryId !== input.repository.id) {
    return fail(
      gate,
      'ForkHead',
      `Pull request #${pr.number} comes from another repository; a person has to bring the change in.`,
    );
  }
  if (pr.base.ref !== input.repository.defaultBranch) {
    return fail(
      gate,
      'WrongBase',
      `Pull request #${pr.number} goes to ${pr.base.ref}; set its base to ${input.repository.defaultBranch}.`,
    );
  }
  if (pr.head.ref === input.issue.branch) return pass(gate, `Open, from ${pr.head.ref} to ${pr.base.ref}.`);
  const trusted = personWithWrite(input, pr.author);
  if (trusted === 'unknown')
    return unknownStanding(
      gate,
      input,
      `It is not known whether ${pr.author.login}, who opened the pull request, may write.`,
    );
  if (trusted) return pass(gate, `Open, by ${pr.author.login}, to ${pr.base.ref}.`);
  return fail(
    gate,
    'WrongHeadRef',
    `Pull request #${pr.number} is from ${pr.head.ref}, not from the issue's branch ${input.issue.branch ?? '(none yet)'}.`,
  );
}

/** The head came through the git gateway under the newest work claim, or a person with write permission pushed it. */
export function provenance({ input, pr }: Row): GateResult {
  const gate = 'provenance';
  const short = pr.head.sha.slice(0, 8);
  const lastAttempt = Math.max(0, ...input.issue.forwarded.map((head) => head.attempt));
  const forwarded = input.issue.forwarded.find((head) => head.sha === pr.head.sha && head.branch === pr.head.ref);
  if (forwarded && forwarded.attempt === lastAttempt)
    return pass(gate, `Head ${short} came through the git gateway in attempt ${forwarded.attempt}.`);
  if (forwarded)
    return fail(
      gate,
      'HeadNotForwarded',
      `Head ${short} is of attempt ${forwarded.attempt}, and attempt ${lastAttempt} has pushed since.`,
    );
  if (!input.headPushedBy.known) return unread(gate, `Nobody told who pushed ${short}: ${input.headPushedBy.why}`);
  const pusher = input.headPushedBy.value;
  const trusted = personWithWrite(input, pusher);
  if (trusted === 'unknown')
    return unknownStanding(gate, input, `It is not known whether ${pusher.login}, who pushed ${short}, may write.`);
  if (trusted) return pass(gate, `Head ${short} was pushed by ${pusher.login}, who may write.`);
  return fail(
    gate,
    'HeadNotForwarded',
    `Head ${short} was pushed by ${pusher.login} past the git gateway; a person with write permission has to push or retry.`,
  );
}
