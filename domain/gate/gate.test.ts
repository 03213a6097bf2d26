import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasons } from '#crds';
import { ada, review } from '../testing/facts.ts';
import { type GateCase, gateInput } from '../testing/gate.ts';
import { gateCases as cases } from './cases/index.ts';
import { decideMerge } from './gate.ts';
import type { GateName } from './types.ts';

const order: readonly GateName[] = [
  'target',
  'provenance',
  'linked',
  'ci',
  'review',
  'threads',
  'labels',
  'mergeable',
  'tier',
  'slo',
  'attestors',
  'freshness',
  'enforced',
  'approved',
];

test('an Agent whose account cannot be told is named where nobody is known to be a person', () => {
  const pr = { reviews: [review({ author: ada })] };
  const input = gateInput({ pr, input: { permissions: new Map(), unaccounted: ['far-e'] } });
  const { message, ...said } = decideMerge(input).results.find(({ gate }) => gate === 'review')!;
  assert.deepEqual(said, { gate: 'review', state: 'unknown', reason: 'FactUnknown' });
  assert.match(message, /account of Agent far-e, whose forge credentials cannot be used; mend their Secret\./);
});

test('where the review of the head was dismissed, the gate names the command that asks for another', () => {
  const input = gateInput({ pr: { reviews: [review({ state: 'dismissed' })] } });
  assert.match(
    decideMerge(input).missing!.message,
    /^The review of \w{8} was dismissed; \/rig review asks for another\.$/,
  );
});

for (const row of cases) {
  test(`merge gate, ${row.gate}: ${row.name}: ${row.state} ${row.reason}`, () => {
    const decision = decideMerge(gateInput(row));
    const { message, ...said } = decision.results.find((result) => result.gate === row.gate)!;
    assert.deepEqual(said, { gate: row.gate, state: row.state, reason: row.reason });
    assert.match(message, /\S+ .*\.$/s);
    assert.ok(Object.hasOwn(reasons, row.reason));
    assert.equal(decision.passed, decision.missing === null);
    if (row.state !== 'pass') assert.equal(decision.passed, false);
    if (row.state !== 'pass') assert.notEqual(decision.missing, null);
  });
}

test('the merge gate has at least 150 named cases, each once', () => {
  assert.ok(cases.length >= 150, `${cases.length} cases`);
  assert.equal(new Set(cases.map((row) => `${row.gate} ${row.name}`)).size, cases.length);
});

test('every row of the merge gate has a case that passes and one that does not', () => {
  const told = (state: (row: GateCase) => boolean) => new Set(cases.filter(state).map((row) => row.gate));
  assert.deepEqual([...told((row) => row.state === 'pass')].sort(), [...order].sort());
  assert.deepEqual([...told((row) => row.state !== 'pass')].sort(), [...order].sort());
});

test('a world in which everything is as it should be passes every row, in the order of the table', () => {
  const decision = decideMerge(gateInput());
  assert.deepEqual(
    decision.results.map(({ gate, state, reason }) => ({ gate, state, reason })),
    order.map((gate) => ({ gate, state: 'pass', reason: 'Passed' })),
  );
  assert.deepEqual([decision.passed, decision.missing], [true, null]);
});

test('a pull request that is unknown or stale is all that the gate speaks of', () => {
  const input = { ...gateInput(), pullRequest: { known: false, why: 'The forge is down.' } as const };
  assert.deepEqual(decideMerge(input).results, [
    { gate: 'target', state: 'unknown', reason: 'FactUnknown', message: 'The forge is down.' },
  ]);
});

const rank = { fail: 0, wait: 1, unknown: 2, pass: 3 } as const;
const refusals = cases.filter((row) => row.state !== 'pass');

test('no two changes that each keep a change from merging let it merge together', () => {
  const two = fc.uniqueArray(fc.constantFrom(...refusals), { minLength: 2, maxLength: 3, selector: (row) => row.gate });
  fc.assert(
    fc.property(two, (rows) => {
      const decision = decideMerge(
        gateInput({
          pr: Object.assign({}, ...rows.map((row) => row.pr)),
          repository: Object.assign({}, ...rows.map((row) => row.repository)),
          issue: Object.assign({}, ...rows.map((row) => row.issue)),
          input: Object.assign({}, ...rows.map((row) => row.input)),
        }),
      );
      assert.equal(decision.passed, false);
    }),
    { numRuns: 500 },
  );
});

test('what is missing is the worst row: what somebody must do, then what time settles, then what has to be read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.constantFrom(...cases), (one, other) => {
      const { results, missing } = decideMerge(
        gateInput({ pr: { ...one.pr, ...other.pr }, issue: { ...one.issue, ...other.issue } }),
      );
      const worst = Math.min(...results.map((result) => rank[result.state]));
      const first = results.find((result) => rank[result.state] === worst);
      assert.equal(missing, worst === rank.pass ? null : first);
    }),
    { numRuns: 500 },
  );
});

test('a failed check is named before a review that is still awaited and a mergeability that is not known', () => {
  const red = cases.find((row) => row.reason === 'ChecksFailed')!;
  const { missing } = decideMerge(
    gateInput({ pr: { ...red.pr, reviews: [], mergeable: 'unknown', containsBase: null } }),
  );
  assert.equal(missing?.reason, 'ChecksFailed');
});

test('the gate answers the same whatever order checks, reviews and threads come in', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), (row) => {
      const input = gateInput(row);
      if (!input.pullRequest.known) return;
      const { value } = input.pullRequest;
      const reversed = {
        ...value,
        checks: value.checks.toReversed(),
        reviews: value.reviews.toReversed(),
        commits: value.commits.toReversed(),
        labels: value.labels.toReversed(),
      };
      const told = (answer: ReturnType<typeof decideMerge>) => answer.results.map(({ gate, state }) => [gate, state]);
      assert.deepEqual(
        told(decideMerge({ ...input, pullRequest: { ...input.pullRequest, value: reversed } })),
        told(decideMerge(input)),
      );
    }),
    { numRuns: 300 },
  );
});
