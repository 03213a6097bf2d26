import { closingReferences, skipsChecks } from '../pull-request/markers.ts';
import { fail, type GateResult, pass, type Row, unread } from './types.ts';

/** The merge closes this issue and no other, and nothing in title or commits tells CI to look away. */
export function linked({ input, pr }: Row): GateResult {
  const gate = 'linked';
  if (!pr.complete.closingIssues || !pr.complete.commits)
    return unread(gate, 'Not every commit or closing reference of the pull request was read.');
  const mine = (issue: { number: number; repositoryId: number }) =>
    issue.number === input.issue.number && issue.repositoryId === input.repository.id;
  const foreign = pr.closingIssues.find((issue) => !mine(issue));
  if (foreign)
    return fail(
      gate,
      'ClosingReferenceForeign',
      `Merging would also close issue #${foreign.number}; take that reference out of the pull request.`,
    );
  if (!pr.closingIssues.some(mine)) {
    return fail(
      gate,
      'ClosingReferenceMissing',
      `The pull request does not say "Closes #${input.issue.number}"; add it to the description.`,
    );
  }
  const texts = [
    { where: 'the title', text: pr.title },
    ...pr.commits.map((commit) => ({ where: `commit ${commit.sha.slice(0, 8)}`, text: commit.message })),
  ];
  for (const { where, text } of texts) {
    if (skipsChecks(text)) return fail(gate, 'SkipMarker', `A marker in ${where} tells CI not to run; reword it.`);
    const other = closingReferences(text).find(
      (reference) => reference.repository !== null || reference.number !== input.issue.number,
    );
    if (other)
      return fail(
        gate,
        'ClosingReferenceForeign',
        `Text in ${where} would close issue ${other.repository ?? ''}#${other.number}; reword it.`,
      );
  }
  return pass(gate, `Closes #${input.issue.number} and nothing else.`);
}
