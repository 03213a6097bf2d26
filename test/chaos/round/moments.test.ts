import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Planned } from '../schedule/plan.ts';
import type { Witnessed } from '../witness/chronicle.ts';
import { Moments } from './moments.ts';

const planned = (nth: number): Planned => ({ at: { event: 'MERGED', nth }, fault: { class: 'cut-database' } });
const event = (type: string, stream: string): Witnessed => ({
  stream,
  type,
  version: 1,
  pos: 1,
  data: {},
  at: '2026-01-01T00:00:00.000Z',
  digest: '',
});

test('a fault is due once, when the event of its number is seen, and gets that event', () => {
  const moments = new Moments([planned(2), planned(3), planned(9)]);
  assert.deepEqual(moments.take([event('MERGED', 'a'), event('PR_CREATED', 'b')]), []);
  const due = moments.take([event('MERGED', 'b'), event('MERGED', 'c')]);
  assert.deepEqual(
    due.map(({ planned: { at }, event: { stream } }) => [at.nth, stream]),
    [
      [2, 'b'],
      [3, 'c'],
    ],
  );
  assert.deepEqual(moments.take([event('MERGED', 'd')]), []);
  assert.deepEqual(moments.waiting, [planned(9)]);
});
