import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '../test/kit/postgres.ts';
import { type UsageRecord, usageRecorder } from './usage.ts';

const USAGE: UsageRecord = {
  namespace: 'team-a',
  task: 'i7',
  taskUid: 'uid-1',
  agent: 'dev-e',
  issue: null,
  model: 'm',
  asked: 'm-latest',
  provider: 'anthropic',
  tokens: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 },
  requestId: 'req_1',
};
const database = (t: Parameters<typeof testDatabase>[0]) =>
  testDatabase(t, {
    schema: 'proxy',
    migrations: [{ directory: join(import.meta.dirname, 'migrations'), component: 'proxy' }],
  });

test('usage and its outbox row are written together under one id', async (t) => {
  const { pool } = await database(t);
  await usageRecorder(pool)(USAGE);
  const { rows } = await pool.query(
    'SELECT o.kind, o.payload, o.taken_at, u.output_tokens::int AS output FROM proxy.outbox o JOIN proxy.usage u USING (id)',
  );
  assert.deepEqual(rows, [{ kind: 'TOKENS_USED', payload: USAGE, taken_at: null, output: 2 }]);
});

test('a usage the database refuses leaves no outbox row behind', async (t) => {
  const { pool } = await database(t);
  await assert.rejects(usageRecorder(pool)({ ...USAGE, tokens: { ...USAGE.tokens, output: -1 } }));
  assert.equal((await pool.query('SELECT count(*)::int AS n FROM proxy.outbox')).rows[0].n, 0);
});
