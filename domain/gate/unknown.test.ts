import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { known, type PullRequestFacts, unknown } from '../facts.ts';
import { ada, at, check, OLD_HEAD, reader, review, thread } from '../testing/facts.ts';
import { gateInput } from '../testing/gate.ts';
import { gateCases } from './cases/index.ts';
import { decideMerge } from './gate.ts';
import type { GateInput } from './types.ts';

const inputs = gateCases.map((row) => ({ row, input: gateInput(row) }));
const passes = (input: GateInput) => decideMerge(input).passed;

/** The input with a changed pull request; as it is where there is none. */
function withPull(input: GateInput, change: (pr: PullRequestFacts) => Partial<PullRequestFacts>): GateInput {
  const { pullRequest } = input;
  if (!pullRequest.known) return input;
  return {
    ...input,
    pullRequest: known({ ...pullRequest.value, ...change(pullRequest.value) }, pullRequest.observedAt),
  };
}

/** Each way in which one fact of an input can be unknown. */
function unknowings(input: GateInput): [string, GateInput][] {
  const pull = (name: string, change: (pr: PullRequestFacts) => Partial<PullRequestFacts>): [string, GateInput] => [
    name,
    withPull(input, change),
  ];
  const lists = ['commits', 'checks', 'reviews', 'threads', 'closingIssues', 'labels'] as const;
  const pr = input.pullRequest.known ? input.pullRequest.value : null;
  const each = <T>(items: readonly T[], index: number, change: Partial<T>) =>
    items.map((item, at) => (at === index ? { ...item, ...change } : item));
  return [
    ['the pull request', { ...input, pullRequest: unknown('It was not read.') }],
    ['when it was read', { ...input, ...(pr && { pullRequest: known(pr, Number.NaN) }) }],
    ['who pushed the head', { ...input, headPushedBy: unknown('Nobody told.') }],
    ['what the forge enforces', { ...input, enforcement: unknown('It was not read.') }],
    ['the grade', { ...input, tierGate: { gate: 'tier', state: 'unknown', reason: 'FactUnknown', message: 'No.' } }],
    ['whose account an Agent has', { ...input, permissions: new Map(), unaccounted: [...input.unaccounted, 'far-e'] }],
    ...[...input.permissions.keys()].map((account): [string, GateInput] => [
      `the permission of ${account}`,
      { ...input, permissions: new Map([...input.permissions].filter(([id]) => id !== account)) },
    ]),
    ...lists.map((list) => pull(`all ${list}`, (was) => ({ complete: { ...was.complete, [list]: false } }))),
    pull('whether it merges', () => ({ mergeable: 'unknown' })),
    pull('whether it contains the base', () => ({ containsBase: null })),
    pull('whether there is a merge queue', () => ({ mergeQueue: 'unknown' })),
    pull('the repository of the head', (was) => ({ head: { ...was.head, repositoryId: null } })),
    ...(pr?.checks ?? [])
      .slice(0, 5)
      .flatMap((_, n) => [
        pull(`the App of check ${n}`, (was) => ({ checks: each(was.checks, n, { app: null }) })),
        pull(`the conclusion of check ${n}`, (was) => ({ checks: each(was.checks, n, { conclusion: null }) })),
      ]),
    ...(pr?.reviews ?? [])
      .slice(0, 5)
      .flatMap((_, n) => [
        pull(`the commit of review ${n}`, (was) => ({ reviews: each(was.reviews, n, { commitSHA: null }) })),
      ]),
    ...(pr?.threads ?? [])
      .slice(0, 5)
      .flatMap((_, n) => [
        pull(`who resolved thread ${n}`, (was) => ({ threads: each(was.threads, n, { resolvedBy: null }) })),
        pull(`who opened thread ${n}`, (was) => ({ threads: each(was.threads, n, { comments: [] }) })),
      ]),
  ];
}

test('no single fact that becomes unknown turns a refusal of the merge gate into a pass, in any case of its table', () => {
  let tried = 0;
  for (const { row, input } of inputs) {
    if (passes(input)) continue;
    for (const [what, less] of unknowings(input)) {
      tried += 1;
      assert.equal(passes(less), false, `${row.gate}: ${row.name}, without ${what}`);
    }
  }
  assert.ok(tried > 3_000, `${tried} worlds`);
});

/** What a change needs to be known to pass the gate; all else may be unknown where a person's word is not asked for. */
const NEEDED = [
  'the pull request',
  'when it was read',
  'what the forge enforces',
  'the grade',
  'all commits',
  'all checks',
  'all reviews',
  'all threads',
  'all closingIssues',
  'all labels',
  'whether it merges',
  'whether it contains the base',
  'whether there is a merge queue',
  'the repository of the head',
  'the App of check 0',
  'the conclusion of check 0',
  'the commit of review 0',
  'who opened thread 0',
];

test('a change that may be merged may not when any fact the gate needs becomes unknown, and only then', () => {
  const needed = unknowings(gateInput()).filter(([, less]) => !passes(less));
  assert.deepEqual(needed.map(([what]) => what).sort(), [...NEEDED].sort());
});

test('when an attempt began may be unknown: no failed or running one is passed over for it', () => {
  const attempt = fc.record({
    id: fc.integer({ min: 1, max: 9 }),
    startedAt: fc.constantFrom('', at(-90), at(-60), at(-30)),
    conclusion: fc.constantFrom('success' as const, 'failure' as const, null),
  });
  fc.assert(
    fc.property(fc.uniqueArray(attempt, { selector: ({ id }) => id, maxLength: 5 }), (attempts) => {
      const checks = attempts.map(({ conclusion, ...rest }) =>
        check({ ...rest, conclusion, status: conclusion === null ? 'in_progress' : 'completed' }),
      );
      const judged = decideMerge(gateInput({ pr: { checks } })).results.find(({ gate }) => gate === 'ci')!;
      const dated = checks.filter(({ startedAt }) => startedAt !== '');
      const newest = dated.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt) || a.id - b.id).at(-1);
      const undated = checks.filter(({ startedAt }) => startedAt === '');
      const candidates = [...(newest ? [newest] : []), ...undated];
      const good = candidates.length > 0 && candidates.every(({ conclusion }) => conclusion === 'success');
      assert.equal(judged.state === 'pass', good);
    }),
    { numRuns: 2_000 },
  );
});

/** Things that can only be held against a change. */
const burdens: [string, (input: GateInput) => GateInput][] = [
  [
    'another required check',
    (input) => {
      const { requiredChecks } = input.repository;
      const listed = requiredChecks === 'none' ? [] : requiredChecks;
      const more = [...listed, { name: 'more', app: 'github-actions' }];
      return { ...input, repository: { ...input.repository, requiredChecks: more } };
    },
  ],
  [
    'a blocking label',
    (input) =>
      withPull({ ...input, repository: { ...input.repository, blockLabels: ['stop'] } }, (pr) => ({
        labels: [...pr.labels, 'stop'],
      })),
  ],
  [
    'a request of changes',
    (input) =>
      withPull(input, (pr) => ({
        reviews: [...pr.reviews, review({ id: 900, author: ada, state: 'changes_requested', submittedAt: at(0) })],
      })),
  ],
  ['an open thread', (input) => withPull(input, (pr) => ({ threads: [...pr.threads, thread({ by: ada })] }))],
  [
    'a newer failure',
    (input) =>
      withPull(input, (pr) => ({
        checks: [...pr.checks, check({ id: 900, conclusion: 'failure', startedAt: at(0) })],
      })),
  ],
  [
    'a closing reference',
    (input) => withPull(input, (pr) => ({ closingIssues: [...pr.closingIssues, { number: 99, repositoryId: 1 }] })),
  ],
  ['a skip marker', (input) => withPull(input, (pr) => ({ title: `${pr.title} [skip ci]` }))],
  ['another head', (input) => withPull(input, (pr) => ({ head: { ...pr.head, sha: OLD_HEAD } }))],
  ['nobody to approve', (input) => withPull(input, () => ({ reviews: [] }))],
  ['an approval of a reader', (input) => withPull(input, () => ({ reviews: [review({ author: reader })] }))],
];

for (const [what, burden] of burdens) {
  test(`${what} never turns a refusal of the merge gate into a pass, and turns a pass into a refusal`, () => {
    for (const { row, input } of inputs) {
      const after = burden(input);
      const waived = what === 'a newer failure' && input.repository.requiredChecks === 'none';
      if (!passes(input)) assert.equal(passes(after), false, `${row.gate}: ${row.name}`);
      else assert.equal(passes(after), waived, `${row.gate}: ${row.name}`);
    }
  });
}

test('without one of its required checks a change that was refused may pass, one that passed is never refused', () => {
  for (const { row, input } of inputs) {
    const { requiredChecks } = input.repository;
    if (requiredChecks === 'none' || requiredChecks.length < 2 || !passes(input)) continue;
    const fewer = { ...input, repository: { ...input.repository, requiredChecks: requiredChecks.slice(1) } };
    assert.equal(passes(fewer), true, row.name);
  }
});
