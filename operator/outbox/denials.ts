import { type DomainEvent, formatFence } from '#domain';
import type { TaskRow } from '../store/tasks.ts';
import type { Feed, Group } from './outbox.ts';

/** EGRESS_DENIED is told at once, then at most once per task, host and minute, whatever the number of egress proxies. */
const MINUTE_MS = 60_000;
const BATCH = 500;

interface Refusals extends Group {
  readonly host: string;
}

interface Payload extends Refusals {
  readonly port: number | null;
  readonly reason: string;
  readonly count: number;
}

const OF_GROUP = `kind = 'EGRESS_DENIED' AND payload->>'namespace' = $1 AND payload->>'task' = $2 AND payload->>'host' = $3`;

/** What the egress proxies refused. A rig whose egress has never been started has no such outbox. */
export const denials: Feed = {
  due: async (db, at) => {
    const { rows: installed } = await db.query(`SELECT to_regclass('egress.outbox') IS NOT NULL AS yes`);
    if (installed[0]?.yes !== true) return [];
    const { rows } = await db.query<Refusals>(
      `WITH open AS (
         SELECT o.payload->>'namespace' AS namespace, o.payload->>'task' AS task, o.payload->>'host' AS host,
           min(o.created_at) AS since, bool_or(t.ended_at IS NOT NULL) AS over
         FROM egress.outbox o JOIN tasks t ON t.namespace = o.payload->>'namespace' AND t.name = o.payload->>'task'
         WHERE o.taken_at IS NULL AND o.kind = 'EGRESS_DENIED' GROUP BY 1, 2, 3)
       SELECT namespace, task, host FROM open
       WHERE over OR NOT EXISTS (
         SELECT FROM egress.outbox told WHERE told.taken_at > $1 AND told.kind = 'EGRESS_DENIED'
           AND told.payload->>'namespace' = open.namespace AND told.payload->>'task' = open.task
           AND told.payload->>'host' = open.host)
       ORDER BY since LIMIT $2`,
      [new Date(at - MINUTE_MS), BATCH],
    );
    return rows;
  },
  take: async (tx, group, task, at) => {
    const { namespace, task: name, host } = group as Refusals;
    const { rows } = await tx.query<{ payload: Payload }>(
      `UPDATE egress.outbox SET taken_at = $4 WHERE taken_at IS NULL AND ${OF_GROUP} RETURNING payload`,
      [namespace, name, host, new Date(at)],
    );
    return rows.length === 0
      ? null
      : refused(
          rows.map(({ payload }) => payload),
          task,
        );
  },
};

function refused(rows: readonly Payload[], task: TaskRow): DomainEvent {
  const { host, port, reason } = rows.at(-1)!;
  return {
    type: 'EGRESS_DENIED',
    data: {
      task: task.name,
      kind: task.kind,
      fence: formatFence(task.fence),
      host,
      port: rows.every((row) => row.port === port) ? port : null,
      reason,
      count: rows.reduce((sum, { count }) => sum + count, 0),
    },
  };
}
