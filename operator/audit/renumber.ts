import type { Queryable } from '#lib/db';

/**
 * A log that was dumped and restored into another server names transactions that have not been there yet: its tails would skip what is
 * appended next. Such rows become those of transaction 0, older than all that follow; a tail goes on before the first one it has not seen,
 * and meets some again. Does nothing where every transaction of the log lies in this server's past.
 */
export async function renumber(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query(
    'SELECT EXISTS (SELECT FROM events WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())) AS ahead',
  );
  if (rows[0].ahead !== true) return false;
  await tx.query(
    patient(
      `UPDATE tails t SET txid = '0'::xid8, moved_at = now(), pos = coalesce(
       (SELECT min(e.pos) FROM events e WHERE (e.txid, e.pos) > (t.txid, t.pos)) - 1, (SELECT max(pos) FROM events), 0)`,
    ),
  );
  await tx.query(patient(`UPDATE events SET txid = '0'::xid8`));
  return true;
}

/** A whole log takes longer than the pool waits for an answer to a small statement. */
function patient(text: string): { text: string; query_timeout: number } {
  return { text, query_timeout: 3_600_000 };
}
