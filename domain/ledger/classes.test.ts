import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tiersOfRules, unreachableClasses } from './classes.ts';

test('the tiers of a class are those of its rules, and of all rules where one names it without a tier', () => {
  const tiersOf = tiersOfRules([
    { taskClass: 'docs', tier: 'T0' },
    { taskClass: 'docs', tier: 'T1' },
    { taskClass: 'feature' },
    { tier: 'T1' },
    { taskClass: 'secrets', tier: 'T3' },
  ]);
  assert.deepEqual([...tiersOf('docs')], ['T0', 'T1']);
  assert.deepEqual([...tiersOf('feature')], ['T1', 'T2']);
  assert.deepEqual([...tiersOf('unheard')], ['T1', 'T2']);
  assert.deepEqual([...tiersOf('secrets')], ['T3']);
});

test('a class with work at T2 alone leads nowhere, one with T1 does, and one of T3 is no ladder at all', () => {
  assert.deepEqual(
    unreachableClasses([
      { taskClass: 'schema', tier: 'T2' },
      { taskClass: 'bugfix', tier: 'T1' },
      { taskClass: 'auth', tier: 'T3' },
    ]),
    [{ taskClass: 'schema', from: 'T0' }],
  );
});
