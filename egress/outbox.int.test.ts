import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '../test/kit/postgres.ts';
import { denialWriter, forgetTaken } from './outbox.ts';

const DENIAL = { namespace: 'n', task: 't', host: 'a', port: 443, reason: 'HostNotListed', count: 2 } as const;

test('a refusal is a row of the outbox until the conductor has taken it, and gone a day later', async (t) => {
  const { pool } = await testDatabase(t, {
    schema: 'egress',
    migrations: [{ directory: join(import.meta.dirname, 'migrations'), component: 'egress' }],
  });
  for (let time = 0; time < 3; time += 1) await denialWriter(pool)(DENIAL);
  const rows = await pool.query('SELECT kind, payload, taken_at FROM egress.outbox');
  assert.deepEqual(rows.rows[0], { kind: 'EGRESS_DENIED', payload: DENIAL, taken_at: null });
  const ages = ["'25 hours'", "'23 hours'"];
  for (const age of ages)
    await pool.query(
      `UPDATE egress.outbox SET taken_at = now() - interval ${age}
       WHERE id = (SELECT id FROM egress.outbox WHERE taken_at IS NULL LIMIT 1)`,
    );
  await forgetTaken(pool);
  assert.equal((await pool.query('SELECT FROM egress.outbox')).rowCount, 2);
});
