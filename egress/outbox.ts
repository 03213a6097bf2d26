import { randomUUID } from 'node:crypto';
import type { Pool } from '#lib/db';
import type { WriteDenial } from './denials.ts';

/** Writes a refusal as the outbox row that tells the conductor. */
export function denialWriter(pool: Pool): WriteDenial {
  return async (denial) => {
    await pool.query('INSERT INTO egress.outbox (id, kind, payload) VALUES ($1, $2, $3)', [
      randomUUID(),
      'EGRESS_DENIED',
      JSON.stringify(denial),
    ]);
  };
}

/** Deletes rows that the conductor took more than a day ago. */
export async function forgetTaken(pool: Pool): Promise<void> {
  await pool.query(`DELETE FROM egress.outbox WHERE taken_at < now() - interval '1 day'`);
}
