import type { CheckFacts } from '../../facts.ts';
import { at, check, OLD_HEAD, pullRequest } from '../../testing/facts.ts';
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
  { name: 'only a commit status of the same name', pr: { checks: [check({ app: null })] }, ...missing },
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
