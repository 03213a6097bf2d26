import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { Registry } from './registry.ts';
import type { EventMeta } from './types.ts';

const meta: EventMeta = { actor: { kind: 'controller', name: 'issue' } };
const registry = new Registry({
  BUILT: { schema: 2, writes: 1, data: Type.Object({ steps: Type.Array(Type.Object({ name: Type.String() })) }) },
  SHUT: { schema: 1, data: Type.Object({}, { additionalProperties: false }) },
});

test('an event that fits is written with the schema its release writes', () => {
  assert.equal(registry.check({ type: 'BUILT', data: { steps: [{ name: 'x' }] }, meta }), 1);
  assert.equal(registry.check({ type: 'SHUT', data: {}, meta }), 1);
});

test('data that does not fit is refused with type and path', () => {
  assert.throws(() => registry.check({ type: 'BUILT', data: { steps: [{ name: 'x' }, { name: 7 }] }, meta }), {
    code: 'InvalidEvent',
    message: 'BUILT: data/steps/1/name must be string.',
  });
  assert.throws(() => registry.check({ type: 'SHUT', data: { extra: 1 }, meta }), {
    code: 'InvalidEvent',
    message: 'SHUT: data must NOT have additional properties (extra).',
  });
});

test('meta without an actor, or with an actor of no known kind, is refused', () => {
  assert.throws(
    () => registry.check({ type: 'SHUT', data: {}, meta: {} as EventMeta }),
    /SHUT: meta must have required property 'actor'/,
  );
  const robot = { actor: { kind: 'robot', name: 'x' } } as unknown as EventMeta;
  assert.throws(
    () => registry.check({ type: 'SHUT', data: {}, meta: robot }),
    /SHUT: meta\/actor\/kind must be equal to one of/,
  );
});

test('a type outside the registry is refused, the names of object methods too', () => {
  for (const type of ['LOST', 'toString', '__proto__'])
    assert.throws(() => registry.check({ type, data: {}, meta }), {
      code: 'InvalidEvent',
      message: `The event type ${type} is not in the registry.`,
    });
});

test('a release reads schemas up to its own and nothing newer', () => {
  assert.deepEqual(
    [1, 2, 3].map((schema) => registry.reads('BUILT', schema)),
    [true, true, false],
  );
  assert.equal(registry.reads('LOST', 1), false);
});
