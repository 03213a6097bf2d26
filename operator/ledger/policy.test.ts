import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { TierPolicySpec } from '#crds';
import { defaultLedgerPolicy, type Tier, unreachable } from '#domain';
import { durationOf, ledgerPolicyOf } from './policy.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('durations are read as the TierPolicy writes them, and nothing else is one', () => {
  assert.deepEqual(['24h', '90m', '1h30m10s', '0s', '', 'h', '1d'].map(durationOf), [
    86_400_000,
    5_400_000,
    5_410_000,
    0,
    null,
    null,
    null,
  ]);
});

test('a policy that says nothing of trust leaves it as it is shipped', () => {
  const { tiersOf: _, ...figures } = ledgerPolicyOf(undefined);
  const { tiersOf: __, ...shipped } = defaultLedgerPolicy;
  assert.deepEqual(figures, shipped);
});

test('at which tiers there is work is asked of every policy, and another rule is another policy to the ledger', () => {
  const at = (...tiers: Tier[]) => ({
    rules: tiers.map((tier) => ({ name: tier, match: {}, tier, taskClass: 'docs' })),
  });
  const both = ledgerPolicyOf(at('T1'), [at('T1'), at('T2')]);
  assert.deepEqual([...both.tiersOf('docs')], ['T1', 'T2']);
  assert.equal(ledgerPolicyOf(at('T1'), [at('T2'), at('T1')]).rules, both.rules);
  assert.notEqual(ledgerPolicyOf(at('T1'), [at('T1'), at('T0')]).rules, both.rules);
  assert.deepEqual([...ledgerPolicyOf(undefined, [at('T1')]).tiersOf('docs')], ['T1']);
});

for (const file of globSync('policies/tiers/*.yaml', { cwd: ROOT })) {
  test(`an Agent can work itself up to T1 in every class of ${file}`, () => {
    const { spec } = parse(readFileSync(join(ROOT, file), 'utf8')) as { spec: TierPolicySpec };
    const { tiersOf } = ledgerPolicyOf(spec);
    const classes = [...new Set((spec.rules ?? []).flatMap(({ taskClass }) => taskClass ?? []))];
    assert.ok(classes.length > 0);
    for (const taskClass of classes) assert.ok(!unreachable(tiersOf(taskClass)).includes('T0'), taskClass);
  });
}
