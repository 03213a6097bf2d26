import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '#domain';
import { describeFault, FAULT_CLASSES, FROZEN, KILLED } from './fault.ts';
import { MOMENTS, plan } from './plan.ts';

const options = { seed: 'a', round: 1, issues: 30, faults: FAULT_CLASSES.length };

test('one seed and round give one schedule, another seed or round another', () => {
  assert.deepEqual(plan(options), plan(options));
  for (const other of [{ seed: 'b' }, { round: 2 }])
    assert.notDeepEqual(plan({ ...options, ...other }).faults, plan(options).faults);
});

test('a round with as many faults as there are classes has one of each', () => {
  for (let round = 1; round <= 20; round++) {
    const classes = plan({ ...options, round }).faults.map(({ fault }) => fault.class);
    assert.deepEqual(classes.sort(), [...FAULT_CLASSES].sort());
  }
});

test('every program is killed and every one that can be frozen is frozen within a hundred rounds', () => {
  const faults = Array.from({ length: 100 }, (_, index) => plan({ ...options, round: index + 1 }).faults).flat();
  const met = (kind: string) =>
    new Set(faults.flatMap(({ fault }) => (fault.class === kind && 'what' in fault ? [fault.what] : [])));
  assert.deepEqual([...met('kill')].sort(), [...KILLED].sort());
  assert.deepEqual([...met('freeze')].sort(), [...FROZEN].sort());
});

test('every moment is an event of the catalogue that the round’s issues reach', () => {
  for (const event of MOMENTS) assert.ok(event in catalogue, event);
  for (let round = 1; round <= 20; round++)
    for (const { at } of plan({ ...options, round }).faults) assert.ok(at.nth >= 1 && at.nth <= options.issues);
});

test('every fault of a schedule has a sentence of its own', () => {
  const sentences = plan({ ...options, faults: 200 }).faults.map(({ fault }) => describeFault(fault));
  for (const sentence of sentences) assert.doesNotMatch(sentence, /undefined|\[object/);
  assert.ok(new Set(sentences).size > 50);
});
