import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { TierPolicySpec } from '#crds';
import { defaultLedgerPolicy, unreachable } from '#domain';
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

for (const file of globSync('policies/tiers/*.yaml', { cwd: ROOT })) {
  test(`an Agent can work itself up to T1 in every class of ${file}`, () => {
    const { spec } = parse(readFileSync(join(ROOT, file), 'utf8')) as { spec: TierPolicySpec };
    const { tiersOf } = ledgerPolicyOf(spec);
    const classes = [...new Set((spec.rules ?? []).flatMap(({ taskClass }) => taskClass ?? []))];
    assert.ok(classes.length > 0);
    for (const taskClass of classes) assert.ok(!unreachable(tiersOf(taskClass)).includes('T0'), taskClass);
  });
}
