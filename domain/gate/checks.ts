import type { CheckFacts, PullRequestFacts } from '../facts.ts';
import type { ForwardedHead } from '../issue/state.ts';
import { fail, type GateResult, pass, type RequiredCheck, type Row, unread, wait } from './types.ts';

export type CheckVerdict =
  | { readonly state: 'passed' }
  | { readonly state: 'missing' | 'pending'; readonly names: readonly string[] }
  | { readonly state: 'failed'; readonly checks: readonly CheckFacts[] };

/** The commit that checks have to be of, and the branches under which they may have been started for it. */
export interface CheckedHead {
  readonly sha: string;
  readonly branches: ReadonlySet<string>;
}

/**
 * The head of a pull request as checks name it: its own branch, and those of earlier attempts that the gateway moved to the same commit,
 * since an App that has tested a commit is not started for it again.
 */
export function checkedHead(pr: Pick<PullRequestFacts, 'head'>, forwarded: readonly ForwardedHead[]): CheckedHead {
  const { sha, ref } = pr.head;
  const earlier = forwarded.filter((head) => head.sha === sha).map((head) => head.branch);
  return { sha, branches: new Set([ref, ...earlier]) };
}

/**
 * How the required checks stand on one head: the latest attempt of each {name, app} counts, and only `success` is success.
 * A check of the same name by another App, a commit status, or one that was started for another branch is not what was asked for.
 */
export function judgeChecks(
  required: readonly RequiredCheck[],
  checks: readonly CheckFacts[],
  head: CheckedHead,
): CheckVerdict {
  const latest = required.map((wanted) => ({ wanted, attempts: latestOf(wanted, checks, head) }));
  const failed = latest.flatMap(({ attempts }) => attempts.filter(unsuccessful));
  if (failed.length > 0) return { state: 'failed', checks: failed };
  const missing = latest.filter(({ attempts }) => attempts.length === 0).map(({ wanted }) => wanted.name);
  if (missing.length > 0) return { state: 'missing', names: missing };
  const running = latest.filter(({ attempts }) => attempts.some((check) => check.status !== 'completed'));
  return running.length > 0
    ? { state: 'pending', names: running.map(({ wanted }) => wanted.name) }
    : { state: 'passed' };
}

const unsuccessful = (check: CheckFacts): boolean => check.status === 'completed' && check.conclusion !== 'success';

/** A run that did not succeed and whose App is not told: it may be the one that was asked for. A commit status never is. */
function mayBe(required: readonly RequiredCheck[], check: CheckFacts, sha: string): boolean {
  const run = check.app === null && check.id > 0 && check.headSHA === sha && check.branch !== null;
  const bad = check.status !== 'completed' || check.conclusion !== 'success';
  return run && bad && required.some(({ name }) => name === check.name);
}

/** The latest attempt, and every one of which it is not told when it began: any of those may be the latest, so each has to succeed. */
function latestOf(wanted: RequiredCheck, checks: readonly CheckFacts[], head: CheckedHead): CheckFacts[] {
  const attempts = checks.filter(
    (check) =>
      check.name === wanted.name &&
      check.app === wanted.app &&
      check.headSHA === head.sha &&
      check.branch !== null &&
      head.branches.has(check.branch),
  );
  const begun = (check: CheckFacts) => Date.parse(check.startedAt);
  const dated = attempts.filter((check) => !Number.isNaN(begun(check)));
  const newest = dated.sort((a, b) => begun(a) - begun(b) || a.id - b.id).at(-1);
  return [...(newest === undefined ? [] : [newest]), ...attempts.filter((check) => Number.isNaN(begun(check)))];
}

/** Every required check succeeded on the head. None required is success only where the Repository says the word `none`. */
export function ci({ input, pr }: Row): GateResult {
  const gate = 'ci';
  const required = input.repository.requiredChecks;
  if (required === 'none') return pass(gate, 'The Repository says that it requires no checks.');
  if (required.length === 0)
    return fail(gate, 'ChecksMissing', 'The Repository names no required check; list one, or say none.');
  if (!pr.complete.checks) return unread(gate, 'Not every check of the head was read.');
  const nameless = pr.checks.find((check) => mayBe(required, check, pr.head.sha));
  if (nameless) return unread(gate, `It is not told which App made the check ${nameless.name}, which did not succeed.`);
  const verdict = judgeChecks(required, pr.checks, checkedHead(pr, input.issue.forwarded));
  const short = pr.head.sha.slice(0, 8);
  switch (verdict.state) {
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
    case 'passed':
      return shared({ input, pr }) ?? pass(gate, `All ${required.length} required checks succeeded on ${short}.`);
  }
}

/** Checks belong to a commit: with another pull request of it onto another base, nobody can tell which of the two merges was tested. */
function shared({ input, pr }: Row): GateResult | null {
  const other = input.headElsewhere.find(({ number, base }) => number !== pr.number && base !== pr.base.ref);
  if (other === undefined) return null;
  const short = pr.head.sha.slice(0, 8);
  return fail(
    'ci',
    'ChecksShared',
    `The checks on ${short} may be those of pull request #${other.number} to ${other.base}; push another commit here, which is then tested for ${pr.base.ref}.`,
  );
}
