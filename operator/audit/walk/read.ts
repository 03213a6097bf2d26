import type { Pool } from '#lib/db';
import type { EventStore } from '#lib/events';
import { type Walk, walk } from './walk.ts';

/** The newest Issue of that name in the namespace, walked backwards; null where there was none. */
export async function readWalk(pool: Pool, store: EventStore, namespace: string, name: string): Promise<Walk | null> {
  const { rows } = await pool.query(
    `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 ORDER BY created_at DESC LIMIT 1`,
    [namespace, name],
  );
  if (rows[0] === undefined) return null;
  const { id } = rows[0];
  const events = await store.read(id);
  const effects = await pool.query(
    `SELECT key, kind, state, attempt, started_at AS "startedAt", finished_at AS "finishedAt" FROM effects WHERE subject = $1 ORDER BY created_at`,
    [id],
  );
  const told = events.flatMap(({ meta }) => (meta.causation?.kind === 'delivery' ? [meta.causation.id] : []));
  const deliveries = await pool.query('SELECT id, event, outcome FROM deliveries WHERE id = ANY($1)', [told]);
  return walk(
    events.map(({ version, type, data, meta, at }) => ({ version, type, data, meta, at })),
    effects.rows.map((row) => ({ ...row, startedAt: inMs(row.startedAt), finishedAt: inMs(row.finishedAt) })),
    deliveries.rows,
  );
}

const inMs = (at: Date | null): number | null => at?.getTime() ?? null;
