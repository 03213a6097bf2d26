import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Pool } from '#lib/db';
import { silentLogger } from '#lib/observe';
import { Pruner } from './prune.ts';

const DAY = 86_400_000;

test('a round goes on batch by batch to its end, the next begins an hour later, also after one that failed, and none once it is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: [string, number][] = [];
  const answers = [
    { deleted: 500, seen: 500, next: 700, old: true },
    { deleted: 1, seen: 3, next: 703, old: true },
    null,
  ];
  const pruned: string[] = [];
  const query = async (sql: string, [before, after]: [Date, number]) => {
    if (sql.includes('FROM answers')) return { rowCount: pruned.push(before.toISOString()) };
    asked.push([before.toISOString(), after]);
    const answer = answers[asked.length - 1];
    if (answer === null) throw new Error('The database is away.');
    return { rows: [answer ?? { deleted: 0, seen: 0, next: null, old: null }] };
  };
  const over = new AbortController();
  const pool = { query } as unknown as Pool;
  const pruner = new Pruner({ pool, keepMs: 30 * DAY, now: () => 40 * DAY, logger: silentLogger });
  const settled = async () => {
    await pruner.idle();
    await setImmediate();
  };
  pruner.start(over.signal);
  await settled();
  for (const ms of [1_000, 3_599_999, 1, 3_600_000]) {
    t.mock.timers.tick(ms);
    await settled();
  }
  over.abort();
  t.mock.timers.tick(10 * 3_600_000);
  await settled();
  const before = '1970-01-11T00:00:00.000Z';
  assert.deepEqual(asked, [
    [before, 0],
    [before, 700],
    [before, 0],
    [before, 0],
  ]);
  assert.deepEqual(pruned, [before, before], 'answers are deleted at the end of a round');
});
