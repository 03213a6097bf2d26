import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './connection.ts';

const ITEMS = ['a', 'b', 'c', 'd', 'e'];
const page = (args: Record<string, unknown>) => connect(ITEMS, args, (item) => item);

test('following endCursor with first reads every item once', () => {
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { nodes, pageInfo } = page({ first: 2, after });
    seen.push(...nodes);
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
  assert.deepEqual(seen, ITEMS);
});

test('last with before reads from the end', () => {
  const tail = page({ last: 2 });
  assert.deepEqual([tail.nodes, tail.pageInfo.hasPreviousPage, tail.totalCount], [['d', 'e'], true, 5]);
  assert.deepEqual(page({ last: 2, before: tail.pageInfo.startCursor }).nodes, ['b', 'c']);
});

test('no bound, a bound over 100 and a foreign cursor are refused with their types', () => {
  const type = (args: Record<string, unknown>) => {
    try {
      page(args);
    } catch (error) {
      return (error as { extensions: { type: string } }).extensions.type;
    }
    return 'none';
  };
  assert.equal(type({}), 'MISSING_PAGINATION_BOUNDARIES');
  assert.equal(type({ first: 101 }), 'EXCESSIVE_PAGINATION');
  assert.equal(type({ first: 1, after: 'zzz' }), 'INVALID_CURSOR_ARGUMENTS');
});
