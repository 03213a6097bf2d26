import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { Table, type Where } from './table.ts';

interface Row {
  id: number;
  group: number;
  name: string | null;
  done: boolean;
  tags: number[];
}

const open = () => new Table<Row>(new DatabaseSync(':memory:'), 'rows', [['group', 'name'], ['name']], 1000);
const fields = fc.record({
  group: fc.integer({ min: 0, max: 2 }),
  name: fc.constantFrom('a', 'b', 'ä', null),
  done: fc.boolean(),
  tags: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
});
const conditions = fc.record(
  {
    group: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constant([0, 2]), fc.record({ gte: fc.constant(1) })),
    name: fc.constantFrom('a', null),
    done: fc.boolean(),
    tags: fc.record({ has: fc.integer({ min: 1, max: 3 }) }),
  },
  { requiredKeys: [] },
);

function fits(row: Row, where: Where<Row>): boolean {
  const { group, name, done, tags } = where as {
    group?: unknown;
    name?: string | null;
    done?: boolean;
    tags?: { has: number };
  };
  const inGroup =
    group === undefined ||
    (Array.isArray(group)
      ? group.includes(row.group)
      : typeof group === 'object'
        ? row.group >= 1
        : row.group === group);
  const named = name === undefined || row.name === name;
  return inGroup && named && (done === undefined || row.done === done) && (!tags || row.tags.includes(tags.has));
}

test('every query finds what a filter over all rows finds, in the order asked for', () => {
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 12 }), conditions, fc.boolean(), (rows, where, descending) => {
      const table = open();
      const kept = rows.map((row) => table.insert(row));
      const wanted = kept.filter((row) => fits(row, where as Where<Row>));
      assert.deepEqual(table.find(where as Where<Row>, { descending }), descending ? wanted.toReversed() : wanted);
      assert.equal(table.count(where as Where<Row>), wanted.length);
      assert.deepEqual(table.find(where as Where<Row>, { limit: 2, offset: 1 }), wanted.slice(1, 3));
    }),
  );
});

test('an update changes the named fields of the row as it is, and a deleted id is not used again', () => {
  const table = open();
  const { id } = table.insert({ group: 1, name: 'a', done: false, tags: [] });
  assert.equal(id, 1000);
  table.update(id, { name: 'b' });
  table.update(id, { done: true });
  assert.deepEqual(table.get(id), { id, group: 1, name: 'b', done: true, tags: [] });
  table.delete(id);
  assert.equal(table.get(id), undefined);
  assert.equal(table.insert({ group: 1, name: 'a', done: false, tags: [] }).id, 1001);
});
