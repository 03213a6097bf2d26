import { APPROVAL_CHECK } from '../check/verdict.ts';
import type { CheckFacts } from '../facts.ts';
import { fail, type GateResult, pass, type Row, unread, wait } from './types.ts';

/**
 * The verifier has said on this head that trust lets it be merged, which the forge asks as well: a merge is not even asked for before. What another
 * App, a workflow or a person reports under that name is not what was asked.
 */
export function approved({ input, pr }: Row): GateResult {
  const gate = 'approved';
  const { approvalApp } = input.repository;
  if (approvalApp === null)
    return pass(gate, 'The Repository does without a ruleset, and so without the check of the verifier.');
  if (!pr.complete.checks) return unread(gate, 'Not every check of the head was read.');
  const short = pr.head.sha.slice(0, 8);
  const named = pr.checks.filter(({ name, headSHA }) => name === APPROVAL_CHECK && headSHA === pr.head.sha);
  if (named.some(nameless))
    return unread(gate, `It is not told which App made a check ${APPROVAL_CHECK} that did not succeed.`);
  const [last] = named.filter(({ app }) => app === approvalApp).toSorted((a, b) => b.id - a.id);
  if (last === undefined)
    return wait(
      gate,
      'ApprovalCheckMissing',
      `${approvalApp} has not said yet whether ${short} may be merged; where it stays silent, look whether the verifier runs.`,
    );
  if (last.status !== 'completed')
    return wait(gate, 'ApprovalCheckPending', `${approvalApp} cannot tell yet whether ${short} may be merged.`);
  if (last.conclusion === 'success') return pass(gate, `${approvalApp} lets ${short} be merged.`);
  return fail(
    gate,
    'ApprovalCheckRefused',
    `${approvalApp} does not let ${short} be merged (${last.conclusion ?? 'no conclusion'}); its check ${APPROVAL_CHECK} says what helps.`,
  );
}

/** A run that did not succeed and whose App is not told: it may be the verifier's. A commit status never is. */
function nameless({ id, app, conclusion }: CheckFacts): boolean {
  return app === null && id > 0 && conclusion !== 'success';
}
