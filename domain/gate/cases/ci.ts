import type { CheckFacts } from '../../facts.ts';
import { at, BRANCH, check, HEAD, OLD_HEAD, PULL, pullRequest } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const gate = 'ci';
const lint = { name: 'lint', app: 'github-actions' };
const test = { name: 'test', app: 'github-actions' };

/** One required check that concluded with anything but success. */
const concluded = (conclusion: CheckFacts['conclusion']): GateCase => ({
  name: `the required check concluded ${conclusion}`,
  pr: { checks: [check({ conclusion })] },
  gate,
  state: 'fail',
  reason: 'ChecksFailed',
});

const failed = { gate, state: 'fail', reason: 'ChecksFailed' } as const;
const pending = { gate, state: 'wait', reason: 'ChecksPending' } as const;
const missing = { gate, state: 'wait', reason: 'ChecksMissing' } as const;
const passes = { gate, state: 'pass', reason: 'Passed' } as const;

/** What the required checks said of exactly this head. */
export const ciCases: readonly GateCase[] = [
  { name: 'the required check succeeded on the head', ...passes },
  concluded('failure'),
  concluded('neutral'),
  concluded('skipped'),
  concluded('cancelled'),
  concluded('stale'),
  concluded('timed_out'),
  concluded('action_required'),
  concluded('startup_failure'),
  concluded(null),
  { name: 'no check registered', pr: { checks: [] }, ...missing },
  {
    name: 'the required check is queued',
    pr: { checks: [check({ status: 'queued', conclusion: null })] },
    gate,
    state: 'wait',
    reason: 'ChecksPending',
  },
  {
    name: 'the required check is running',
    pr: { checks: [check({ status: 'in_progress', conclusion: null })] },
    gate,
    state: 'wait',
    reason: 'ChecksPending',
  },
  { name: 'only a check of the same name by another App', pr: { checks: [check({ app: 'mallory-ci' })] }, ...missing },
  {
    name: 'only a commit status of the same name',
    pr: { checks: [check({ id: -7, app: null, branch: null })] },
    ...missing,
  },
  {
    name: 'a failed commit status of the same name beside success',
    pr: { checks: [check(), check({ id: -7, app: null, branch: null, conclusion: 'failure', startedAt: at(-5) })] },
    ...passes,
  },
  { name: 'only a success of which the App is not told', pr: { checks: [check({ app: null })] }, ...missing },
  {
    name: 'success, and a failure of which the App is not told',
    pr: { checks: [check(), check({ id: 2, app: null, conclusion: 'failure', startedAt: at(-5) })] },
    gate,
    state: 'unknown',
    reason: 'FactUnknown',
  },
  { name: 'only a check whose name differs in case', pr: { checks: [check({ name: 'Test' })] }, ...missing },
  {
    name: 'the right App failed, another App of the same name succeeded later',
    pr: { checks: [check({ conclusion: 'failure' }), check({ id: 2, app: 'mallory-ci', startedAt: at(-10) })] },
    gate,
    state: 'fail',
    reason: 'ChecksFailed',
  },
  { name: 'success only on another commit', pr: { checks: [check({ headSHA: OLD_HEAD })] }, ...missing },
  {
    name: 'failure on another commit beside success on the head',
    pr: { checks: [check({ id: 2, headSHA: OLD_HEAD, conclusion: 'failure', startedAt: at(-5) }), check()] },
    ...passes,
  },
  {
    name: 'an older success after which a newer attempt failed',
    pr: { checks: [check({ id: 2, conclusion: 'failure', startedAt: at(-50) }), check({ id: 1, startedAt: at(-90) })] },
    gate,
    state: 'fail',
    reason: 'ChecksFailed',
  },
  {
    name: 'an older failure after which a newer attempt succeeded',
    pr: { checks: [check({ id: 2, startedAt: at(-50) }), check({ id: 1, conclusion: 'failure', startedAt: at(-90) })] },
    ...passes,
  },
  {
    name: 'an older success, and the newer attempt still runs',
    pr: { checks: [check(), check({ id: 2, status: 'in_progress', conclusion: null, startedAt: at(-5) })] },
    gate,
    state: 'wait',
    reason: 'ChecksPending',
  },
  {
    name: 'two attempts of the same second: the higher id is the newer one',
    pr: { checks: [check({ id: 9, conclusion: 'failure' }), check({ id: 8 })] },
    gate,
    state: 'fail',
    reason: 'ChecksFailed',
  },
  {
    name: 'an older success told after a newer failure',
    pr: {
      checks: [check({ id: 2, conclusion: 'failure', startedAt: at(-50) }), check({ id: 1, completedAt: at(-1) })],
    },
    ...failed,
  },
  {
    name: 'two successes and a newer attempt that was cancelled',
    pr: { checks: [check(), check({ id: 2 }), check({ id: 3, conclusion: 'cancelled', startedAt: at(-5) })] },
    ...failed,
  },
  {
    name: 'a success, and an attempt that is queued and has no start yet',
    pr: { checks: [check(), check({ id: 2, status: 'queued', conclusion: null, startedAt: '' })] },
    ...pending,
  },
  {
    name: 'a success, and a failure of which it is not told when it began',
    pr: { checks: [check({ id: 2 }), check({ id: 1, conclusion: 'failure', startedAt: '' })] },
    ...failed,
  },
  {
    name: 'a failure, and a success of which it is not told when it began',
    pr: { checks: [check({ conclusion: 'failure' }), check({ id: 2, startedAt: '' })] },
    ...failed,
  },
  {
    name: 'only a success of which it is not told when it began',
    pr: { checks: [check({ startedAt: '' })] },
    ...passes,
  },
  {
    name: 'only a run of the same check for another branch',
    pr: { checks: [check({ branch: 'release' })] },
    ...missing,
  },
  { name: 'only a run of the same check for a fork', pr: { checks: [check({ branch: null })] }, ...missing },
  {
    name: 'a failed run for another branch beside success for this one',
    pr: { checks: [check(), check({ id: 2, branch: 'release', conclusion: 'failure', startedAt: at(-5) })] },
    ...passes,
  },
  {
    name: 'a failed run for this branch and a later success for a fork of the same commit',
    pr: { checks: [check({ conclusion: 'failure' }), check({ id: 2, branch: null, startedAt: at(-5) })] },
    ...failed,
  },
  {
    name: 'success for the branch of an earlier attempt that the gateway moved to the same commit',
    pr: { checks: [check({ branch: 'rig/fix-parser/0' })] },
    issue: {
      forwarded: [
        { sha: HEAD, attempt: 1, branch: 'rig/fix-parser/0' },
        { sha: HEAD, attempt: 1, branch: BRANCH },
      ],
    },
    ...passes,
  },
  {
    name: 'success that may be of another pull request of the same commit onto another branch',
    input: { headElsewhere: [{ number: 35, base: 'release' }] },
    gate,
    state: 'fail',
    reason: 'ChecksShared',
  },
  {
    name: 'failure, and another pull request of the same commit goes onto another branch',
    pr: { checks: [check({ conclusion: 'failure' })] },
    input: { headElsewhere: [{ number: 35, base: 'release' }] },
    ...failed,
  },
  {
    name: 'another pull request of the same commit goes onto the same branch',
    input: {
      headElsewhere: [
        { number: PULL, base: 'main' },
        { number: 35, base: 'main' },
      ],
    },
    ...passes,
  },
  {
    name: 'the required check is the 150th of 150',
    pr: { checks: [...Array.from({ length: 149 }, (_, n) => check({ id: n + 2, name: `shard-${n}` })), check()] },
    ...passes,
  },
  {
    name: 'the required check failed, as the 150th of 150',
    pr: {
      checks: [
        ...Array.from({ length: 149 }, (_, n) => check({ id: n + 2, name: `shard-${n}` })),
        check({ conclusion: 'failure' }),
      ],
    },
    ...failed,
  },
  {
    name: 'no check was read because the forge answered with an error',
    pr: { checks: [], complete: { ...pullRequest().complete, checks: false } },
    gate,
    state: 'unknown',
    reason: 'FactUnknown',
  },
  {
    name: 'a check that is not required still runs',
    pr: { checks: [check(), check({ id: 2, name: 'nightly', status: 'in_progress', conclusion: null })] },
    ...passes,
  },
  {
    name: 'one of two required checks is missing',
    repository: { requiredChecks: [test, lint] },
    ...missing,
  },
  {
    name: 'one of two required checks failed while the other has not reported',
    repository: { requiredChecks: [lint, test] },
    pr: { checks: [check({ conclusion: 'failure' })] },
    gate,
    state: 'fail',
    reason: 'ChecksFailed',
  },
  {
    name: 'two required checks, both succeeded',
    repository: { requiredChecks: [test, lint] },
    pr: { checks: [check(), check({ id: 2, name: 'lint' })] },
    ...passes,
  },
  {
    name: 'a failed check that is not required',
    pr: { checks: [check(), check({ id: 2, name: 'nightly', conclusion: 'failure' })] },
    ...passes,
  },
  {
    name: 'the pages of checks were not all read',
    pr: { complete: { ...pullRequest().complete, checks: false } },
    gate,
    state: 'unknown',
    reason: 'FactUnknown',
  },
  {
    name: 'the Repository says none, and no check registered',
    repository: { requiredChecks: 'none' },
    pr: { checks: [] },
    ...passes,
  },
  {
    name: 'the Repository lists nothing and does not say none',
    repository: { requiredChecks: [] },
    gate,
    state: 'fail',
    reason: 'ChecksMissing',
  },
];
