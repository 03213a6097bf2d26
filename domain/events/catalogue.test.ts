import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { evolve } from '../issue/evolve.ts';
import { noIssue } from '../issue/state.ts';
import { sampleData } from '../testing/samples.ts';
import { catalogue, type EventType, type StoredEvent } from './catalogue.ts';

const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
const types = Object.keys(catalogue) as EventType[];
const validators = new Map<EventType, ValidateFunction>(types.map((type) => [type, ajv.compile(catalogue[type].data)]));

/** Irregular ends that the log's words have; everything else ends in -ED. */
const PAST = /^DEPLOYED_|(?:BACK|ED|WRITTEN|READ|RESET|LOST|STUCK|DONE|CONFLICT|WAITING|COMPLETE)$/;

test('every type is past tense in capitals: what happened, not what is wanted', () => {
  for (const type of types) {
    assert.match(type, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
    assert.match(type, PAST, type);
  }
});

test('every type says in one sentence what happened, no two the same', () => {
  for (const type of types) assert.match(catalogue[type].says, /^[A-Z][^\n]*\.$/, type);
  assert.equal(new Set(types.map((type) => catalogue[type].says)).size, types.length);
});

for (const type of types) {
  test(`${type}: generated data is accepted, an unknown field and a missing one are refused`, () => {
    const validate = validators.get(type)!;
    fc.assert(
      fc.property(sampleData(type), (data) => {
        assert.ok(validate(data), JSON.stringify(validate.errors));
        assert.equal(validate({ ...data, surprise: 1 }), false);
        for (const field of (catalogue[type].data as { required?: string[] }).required ?? []) {
          const { [field as never]: _, ...rest } = data;
          assert.equal(validate(rest), false, `${type} without ${field}`);
        }
      }),
      { numRuns: 20 },
    );
  });
}

test('every text in an event is bounded', () => {
  const unbounded: string[] = [];
  const visit = (schema: Record<string, unknown>, path: string): void => {
    if (schema.type === 'string' && schema.const === undefined && !schema.pattern && !schema.maxLength)
      unbounded.push(path);
    for (const [key, value] of Object.entries(schema))
      if (typeof value === 'object' && value !== null) visit(value as Record<string, unknown>, `${path}.${key}`);
  };
  for (const type of types) visit(catalogue[type].data as unknown as Record<string, unknown>, type);
  assert.deepEqual(unbounded, []);
});

test('every type can be the first event of a stream without an error', () => {
  for (const type of types) {
    const [data] = fc.sample(sampleData(type), { numRuns: 1, seed: 7 });
    const state = evolve(noIssue, { type, data, version: 1, at: 0 } as StoredEvent);
    assert.equal(state.version, 1, type);
  }
});
