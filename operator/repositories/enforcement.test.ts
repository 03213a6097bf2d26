import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations, type Repository } from '#crds';
import { attestation, type BranchRules, known, unknown } from '#domain';
import { type Forge, ForgeError } from '#lib/forge';
import { ruleset as rulesetOf, wish } from '../../domain/gate/cases/enforced.ts';
import type { RulesRead } from '../mirror/rules.ts';
import { enforcementOf, enforcementStatus, readRules } from './enforcement.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const MAX_AGE = 15 * 60_000;

const repository = (spec: object = {}, noted: Record<string, string> = {}): Repository =>
  ({
    metadata: { name: 'parser', namespace: 'team', annotations: noted },
    spec: {
      owner: 'acme',
      name: 'parser',
      defaultBranch: 'main',
      mergeMethod: 'squash',
      requiredChecks: { kind: 'listed', checks: [{ name: 'test', app: 'github-actions' }] },
      enforcement: { kind: 'ruleset', approvalApp: 'rig-verifier' },
      ...spec,
    },
  }) as unknown as Repository;
/** A ruleset that holds what the Repository asks: its own check, and the verifier's. */
const ruleset = (over: Parameters<typeof rulesetOf>[0] = {}) =>
  rulesetOf(over, { ...wish, checks: [...wish.checks, { name: 'rig/approval', app: 'rig-verifier' }] });
const read = (rules: BranchRules = { rulesets: [ruleset()] }, over: object = {}): RulesRead => ({
  branch: 'main',
  readAt: NOW,
  rules,
  ...over,
});
const of = (seen: RulesRead | null, object = repository()) => enforcementOf(object, seen, NOW, MAX_AGE);

test('a ruleset that holds what the Repository asks is enforced, one that does not differs', () => {
  assert.deepEqual(of(read()), known({ state: 'enforced' }, NOW));
  const differing = of(read({ rulesets: [ruleset({ deletion: false })] }));
  assert.deepEqual(differing, known({ state: 'differs', differences: ['main may be deleted'] }, NOW));
});

const unread: [string, RulesRead | null, RegExp][] = [
  ['never read', null, /has not been read yet/],
  ['read of another branch', read(undefined, { branch: 'trunk' }), /has not been read yet/],
  ['read too long ago', read(undefined, { readAt: NOW - MAX_AGE - 1 }), /too long ago/],
  ['read at a time that is no number', read(undefined, { readAt: Number.NaN }), /too long ago/],
  ['not to be read', { branch: 'main', readAt: NOW, problem: 'The forge answers 500.' }, /cannot be read: The forge/],
];
for (const [what, seen, says] of unread) {
  test(`rules that were ${what} are unknown, and the condition says so`, () => {
    const fact = of(seen);
    assert.ok(!fact.known);
    assert.match(fact.why, says);
    const { condition, enforcement } = enforcementStatus(fact, seen?.readAt ? { ...seen, readAt: NOW } : null);
    assert.deepEqual(
      [condition.status, condition.reason, enforcement.state],
      ['Unknown', 'GateNotEnforced', 'Unknown'],
    );
  });
}

test('a Repository that does without is believed whatever was read, and its reason is shown', () => {
  const object = repository({ enforcement: { kind: 'none', because: 'The plan has none.' } });
  for (const seen of [null, read({ rulesets: [] })]) {
    const fact = of(seen, object);
    assert.deepEqual(fact, known({ state: 'waived', because: 'The plan has none.' }, NOW));
    const { condition, enforcement } = enforcementStatus(fact, seen);
    assert.deepEqual(
      [condition.status, condition.reason, enforcement.state],
      ['False', 'EnforcementWaived', 'NotEnforced'],
    );
    assert.match(condition.message, /The plan has none\./);
  }
});

test('a ruleset whose bypass list is hidden is enforced while the annotation names it as it is', () => {
  const hidden = ruleset({ bypass: 'hidden' });
  const noted = (value: string) => of(read({ rulesets: [hidden] }), repository({}, { [annotations.ruleset]: value }));
  const state = (value: string) => {
    const fact = noted(value);
    return fact.known && fact.value.state;
  };
  assert.equal(state(attestation({ id: hidden.id, updatedAt: hidden.updatedAt! })), 'enforced');
  for (const other of ['', '9', '9@', `8@${hidden.updatedAt}`, '9@2026-03-01T00:00:01Z', `x@${hidden.updatedAt}`])
    assert.equal(state(other), 'hidden', other);
});

test('the status names every difference and when the rules were read', () => {
  const seen = read({ rulesets: [] });
  const { condition, enforcement } = enforcementStatus(of(seen), seen);
  assert.equal(enforcement.missing.length, 9);
  assert.equal(enforcement.checkedAt, '2026-03-02T12:00:00Z');
  assert.match(condition.message, /rig repo protect/);
});

const forge = (answer: () => BranchRules) => ({ branchRules: async () => answer() }) as unknown as Forge;

test('a plan without rulesets is told in the words of the forge, with what to write where', async () => {
  const refused = forge(() => {
    throw new ForgeError('Forbidden', 'Upgrade to GitHub Pro or make this repository public to enable this feature.');
  });
  const seen = await readRules(refused, repository(), () => NOW);
  assert.ok('problem' in seen);
  assert.match(seen.problem, /^Upgrade to GitHub Pro .* say so in spec\.enforcement\.$/);
  assert.deepEqual(of(seen), unknown(`What the forge holds main to cannot be read: ${seen.problem}`));
});

test('a forge that is away is a problem, a defect of ours is an error', async () => {
  const away = await readRules(
    forge(() => {
      throw new ForgeError('Timeout', 'No answer.');
    }),
    repository(),
    () => NOW,
  );
  assert.ok('problem' in away && away.problem === 'No answer.');
  await assert.rejects(
    readRules(
      forge(() => {
        throw new TypeError('x');
      }),
      repository(),
      () => NOW,
    ),
    TypeError,
  );
});
