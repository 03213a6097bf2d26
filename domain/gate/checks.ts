import type { CheckFacts } from '../facts.ts';
import { fail, type GateResult, pass, type RequiredCheck, type Row, unread, wait } from './types.ts';

export type CheckVerdict =
  | { readonly state: 'passed' }
  | { readonly state: 'missing' | 'pending'; readonly names: readonly string[] }
  | { readonly state: 'failed'; readonly checks: readonly CheckFacts[] };

/**
 * How the required checks stand on one head: the latest attempt of each {name, app} counts, and only `success` is success.
 * A check of the same name by another App, or a commit status, is not the check that was asked for.
 */
export function judgeChecks(
  required: readonly RequiredCheck[],
  checks: readonly CheckFacts[],
  headSHA: string,
): CheckVerdict {
  const latest = required.map((wanted) => ({ wanted, check: latestOf(wanted, checks, headSHA) }));
  const failed = latest.flatMap(({ check }) =>
    check?.status === 'completed' && check.conclusion !== 'success' ? [check] : [],
  );
  if (failed.length > 0) return { state: 'failed', checks: failed };
  const missing = latest.filter(({ check }) => check === undefined).map(({ wanted }) => wanted.name);
  if (missing.length > 0) return { state: 'missing', names: missing };
  const pending = latest.filter(({ check }) => check?.status !== 'completed').map(({ wanted }) => wanted.name);
  return pending.length > 0 ? { state: 'pending', names: pending } : { state: 'passed' };
}

function latestOf(wanted: RequiredCheck, checks: readonly CheckFacts[], headSHA: string): CheckFacts | undefined {
  return checks
    .filter((check) => check.name === wanted.name && check.app === wanted.app && check.headSHA === headSHA)
    .sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt) || a.id - b.id)
    .at(-1);
}

/** Every required check succeeded on the head. None required is success only where the Repository says the word `none`. */
export function ci({ input, pr }: Row): GateResult {
  const gate = 'ci';
  const required = input.repository.requiredChecks;
  if (required === 'none') return pass(gate, 'The Repository says that it requires no checks.');
  if (required.length === 0)
    return fail(gate, 'ChecksMissing', 'The Repository names no required check; list one, or say none.');
  if (!pr.complete.checks) return unread(gate, 'Not every check of the head was read.');
  const verdict = judgeChecks(required, pr.checks, pr.head.sha);
  const short = pr.head.sha.slice(0, 8);
  switch (verdict.state) {
    case 'passed':
      return pass(gate, `All ${required.length} required checks succeeded on ${short}.`);
    case 'missing':
      return wait(gate, 'ChecksMissing', `Required checks have not reported on ${short}: ${verdict.names.join(', ')}.`);
    case 'pending':
      return wait(gate, 'ChecksPending', `Required checks are still running on ${short}: ${verdict.names.join(', ')}.`);
    case 'failed':
      return fail(
        gate,
        'ChecksFailed',
        `Required checks did not succeed on ${short}: ${verdict.checks.map((check) => `${check.name} (${check.conclusion})`).join(', ')}.`,
      );
  }
}
