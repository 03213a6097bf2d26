import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ConformanceOptions, checkStatus, type StatusRule, statusRules } from './conformance.ts';
import type { Condition, KubeObject } from './types.ts';

const now = new Date('2030-01-01T01:00:00Z');
const condition = (type: string, fields: Partial<Condition> = {}): Condition => ({
  type,
  status: 'True',
  reason: 'Fine',
  message: 'all is well',
  lastTransitionTime: '2030-01-01T00:30:00Z',
  observedGeneration: 3,
  ...fields,
});
const object = (conditions: Condition[], observedGeneration: number | undefined = 3): KubeObject => ({
  metadata: { generation: 3, creationTimestamp: '2030-01-01T00:00:00Z' },
  status: { observedGeneration, conditions },
});
const good = object([condition('Ready')]);
const ready = (fields: Partial<Condition>) => object([condition('Ready', fields)]);
const later = '2030-01-01T00:40:00Z';

const cases: Record<StatusRule, [KubeObject, ConformanceOptions?][]> = {
  S01: [
    [object([condition('Ready', { status: 'False', observedGeneration: 4 })], 4)],
    [{ metadata: { generation: 1 } }],
  ],
  S02: [[object([condition('Ready', { status: 'False', observedGeneration: 2 })], 2), { previous: good }]],
  S03: [[object([condition('Ready', { observedGeneration: 2 })], 2)]],
  S04: [[object([condition('Ready'), condition('Ready')])]],
  S05: [[ready({ lastTransitionTime: undefined })], [ready({ message: undefined })]],
  S06: [[ready({ status: 'true' as 'True' })]],
  S07: [[ready({ reason: 'not-pascal' })], [object([condition('Ready'), condition('lower')])]],
  S08: [[ready({}), { reasons: ['Other'] }]],
  S09: [[object([condition('Merged')])], [object([])]],
  S10: [
    [object([condition('Ready'), condition('Stalled', { status: 'False' })])],
    [object([condition('Ready'), condition('Odd', { status: 'False' })]), { abnormal: ['Odd'] }],
  ],
  S11: [[object([condition('Ready'), condition('Stalled')])]],
  S12: [
    [object([condition('Ready', { observedGeneration: 2 })])],
    [object([condition('Ready'), condition('X', { observedGeneration: 9 })])],
  ],
  S13: [
    [ready({ lastTransitionTime: '2030-01-01T02:00:00Z' })],
    [ready({ lastTransitionTime: '2029-01-01T00:00:00Z' })],
    [ready({ lastTransitionTime: '2030-01-01T00:30:00.123Z' })],
  ],
  S14: [
    [ready({ lastTransitionTime: later }), { previous: good }],
    [ready({ status: 'False' }), { previous: ready({ lastTransitionTime: later }) }],
  ],
  S15: [[ready({ message: ' ' })], [ready({ message: 'x'.repeat(1025) })]],
};

test('a status that keeps every rule is not reported', () => {
  assert.deepEqual(checkStatus(good, { now, previous: good, reasons: ['Fine'] }), []);
  const changed = ready({ status: 'False', lastTransitionTime: later });
  assert.deepEqual(checkStatus(changed, { now, previous: good }), []);
});

for (const [rule, broken] of Object.entries(cases)) {
  test(`${rule} reports a status in which not: ${statusRules[rule as StatusRule]}`, () => {
    for (const [bad, options] of broken) {
      const rules = checkStatus(bad, { now, ...options }).map((violation) => violation.rule);
      assert.ok(rules.includes(rule as StatusRule), `${JSON.stringify(bad)} reported ${rules}`);
    }
  });
}

test('the README lists exactly the rules that are checked', () => {
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
  const listed = [...readme.matchAll(/^\| (S\d\d) +\| (.*?) +\|$/gm)].map(([, rule, text]) => [rule, text]);
  assert.deepEqual(listed, Object.entries(statusRules));
});
