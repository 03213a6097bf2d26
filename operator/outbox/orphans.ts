import type { Queryable } from '#lib/db';

const PROGRAMS = ['proxy', 'egress'] as const;
const BATCH = 1_000;

/** Rows that were given up, of one task. */
export interface Orphans {
  readonly program: string;
  readonly namespace: string | null;
  readonly task: string | null;
  readonly rows: number;
}

/**
 * Marks rows made before `before` whose task is not there, at most a thousand of each program: an event of them would be in no stream. A task is
 * there before it can spend anything, and is only ever deleted, with its exported stream or by a restore: so none becomes known later.
 */
export async function giveUpOrphans(db: Queryable, before: Date): Promise<Orphans[]> {
  const given: Orphans[] = [];
  for (const program of PROGRAMS) {
    const { rows: installed } = await db.query('SELECT to_regclass($1) IS NOT NULL AS yes', [`${program}.outbox`]);
    if (installed[0]?.yes !== true) continue;
    const { rows } = await db.query(
      `WITH orphans AS (
         SELECT id FROM ${program}.outbox o WHERE taken_at IS NULL AND created_at < $1 AND NOT EXISTS (
           SELECT FROM tasks t WHERE t.namespace = o.payload->>'namespace' AND t.name = o.payload->>'task')
         ORDER BY created_at LIMIT $2),
       given AS (
         UPDATE ${program}.outbox o SET taken_at = now() FROM orphans WHERE o.id = orphans.id AND taken_at IS NULL RETURNING payload)
       SELECT payload->>'namespace' AS namespace, payload->>'task' AS task, count(*)::int AS rows FROM given GROUP BY 1, 2`,
      [before, BATCH],
    );
    given.push(...rows.map((row) => ({ program, ...row })));
  }
  return given;
}
