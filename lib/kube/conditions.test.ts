import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findCondition, isConditionTrue, setCondition, setVerdict, type Verdict } from './conditions.ts';
import { checkStatus } from './conformance.ts';
import type { Condition, KubeObject } from './types.ts';

const at = (second: number, generation = 1) => ({ now: new Date(Date.UTC(2030, 0, 1, 0, 0, second)), generation });
const ready = (status: 'True' | 'False', reason = 'Fine') => ({ type: 'Ready', status, reason, message: 'm' });

test('lastTransitionTime moves with the status, not with reason, message or generation', () => {
  const first = setCondition([], ready('True'), at(1));
  const second = setCondition(first, { ...ready('True', 'Other'), message: 'n' }, at(2, 2));
  assert.equal(second[0]?.lastTransitionTime, '2030-01-01T00:00:01Z');
  assert.deepEqual([second[0]?.reason, second[0]?.observedGeneration], ['Other', 2]);
  const third = setCondition(second, ready('False'), at(3));
  assert.equal(third[0]?.lastTransitionTime, '2030-01-01T00:00:03Z');
});

test('a condition keeps its place, and the given list is not changed', () => {
  const list = setCondition(setCondition([], ready('True'), at(1)), { ...ready('True'), type: 'Merged' }, at(1));
  const frozen = Object.freeze([...list]);
  const next = setCondition(frozen, ready('False'), at(2));
  assert.deepEqual(
    next.map(({ type }) => type),
    ['Ready', 'Merged'],
  );
});

test('Ready removes what was abnormal; Stalled and Reconciling replace one another', () => {
  const types = (conditions: Condition[]) => conditions.map(({ type, status }) => `${type} ${status}`);
  const stalled = setVerdict([], { state: 'Stalled', reason: 'NoRepo', message: 'm' }, at(1));
  assert.deepEqual(types(stalled), ['Ready False', 'Stalled True']);
  const working = setVerdict(stalled, { state: 'Reconciling', reason: 'Working', message: 'm' }, at(2));
  assert.deepEqual(types(working), ['Ready False', 'Reconciling True']);
  assert.deepEqual(types(setVerdict(working, { state: 'Ready', reason: 'Done', message: 'm' }, at(3))), ['Ready True']);
});

test('a kind on which Ready means accepted can be Ready while it is Reconciling', () => {
  const verdict: Verdict = { state: 'Reconciling', reason: 'Working', message: 'm', ready: 'True' };
  assert.ok(isConditionTrue(setVerdict([], verdict, at(1)), 'Ready'));
});

test('a message of a megabyte is cut', () => {
  const message = 'x'.repeat(1 << 20);
  assert.equal(findCondition(setCondition([], { ...ready('True'), message }, at(1)), 'Ready')?.message.length, 1024);
});

const verdicts = fc.record({
  state: fc.constantFrom('Ready' as const, 'Reconciling' as const, 'Stalled' as const),
  reason: fc.constantFrom('One', 'Two'),
  message: fc.constantFrom('m', 'n'),
});

test('whatever verdicts follow each other, the status keeps every rule at every step', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(verdicts, fc.nat(3), fc.boolean()), { maxLength: 20 }), (steps) => {
      let second = 0;
      let generation = 1;
      let previous: KubeObject | undefined;
      for (const [verdict, wait, edited] of steps) {
        second += wait;
        if (edited) generation++;
        const stamp = at(second, generation);
        const before = (previous?.status as { conditions: Condition[] } | undefined)?.conditions;
        const status = { observedGeneration: generation, conditions: setVerdict(before, verdict, stamp) };
        const object = { metadata: { generation, creationTimestamp: '2030-01-01T00:00:00Z' }, status };
        assert.deepEqual(checkStatus(object, { previous, now: stamp.now, reasons: ['One', 'Two'] }), []);
        previous = object;
      }
    }),
  );
});
