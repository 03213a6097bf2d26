import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#lib/kube';
import { elderOf, workedOf } from './twins.ts';

const made = (name: string, minute: number, uid = name, deletionTimestamp?: string) =>
  ({
    metadata: { name, uid, creationTimestamp: `2026-03-02T12:0${minute}:00Z`, deletionTimestamp },
  }) as unknown as KubeObject;
const nameOf = (one: KubeObject | undefined) => one?.metadata.name;

test('of twins of one number the oldest is worked in whatever order they come, and each younger one has it as its elder', () => {
  const [first, second, third] = [made('b', 1), made('c', 1), made('a', 2)];
  for (const order of [
    [first, second, third],
    [third, second, first],
  ]) {
    assert.equal(nameOf(workedOf(order)), 'b');
    assert.deepEqual(
      order.filter((one) => elderOf(order, one) === undefined).map((one) => one.metadata.name),
      ['b'],
    );
  }
});

test('an Issue that is being deleted is worked only where no twin of it stays', () => {
  const going = made('old', 1, 'old', '2026-03-02T13:00:00Z');
  assert.equal(nameOf(workedOf([going, made('new', 2)])), 'new');
  assert.equal(nameOf(workedOf([going])), 'old');
  assert.equal(workedOf([]), undefined);
});
