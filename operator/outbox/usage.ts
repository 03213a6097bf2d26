import { type DomainEvent, formatFence, type Tokens } from '#domain';
import type { TaskRow } from '../store/tasks.ts';
import type { Feed, Group } from './outbox.ts';

/** TOKENS_USED is at most one event per task, model, name that it was asked for by, and minute, and one at the task's end. */
const MINUTE_MS = 60_000;
const BATCH = 500;

interface Calls extends Group {
  readonly model: string;
  readonly provider: string;
  /** The model that was asked for; null where the call does not say. */
  readonly asked: string | null;
}

interface Payload extends Calls {
  readonly agent: string;
  readonly tokens: Tokens;
}

/** Rows of one group: the parameters are the group's fields, in order. */
const OF_GROUP = `taken_at IS NULL AND kind = 'TOKENS_USED' AND payload->>'namespace' = $1 AND payload->>'task' = $2
  AND payload->>'model' = $3 AND payload->>'provider' = $4 AND payload->>'asked' IS NOT DISTINCT FROM $5`;

/** What the proxy's calls spent: of a task that has ended everything, else what began a minute ago. */
export const usage: Feed = {
  due: async (db, at) => {
    const { rows } = await db.query<Calls>(
      `SELECT o.payload->>'namespace' AS namespace, o.payload->>'task' AS task, o.payload->>'model' AS model, o.payload->>'provider' AS provider,
         o.payload->>'asked' AS asked
       FROM proxy.outbox o JOIN tasks t ON t.namespace = o.payload->>'namespace' AND t.name = o.payload->>'task'
       WHERE o.taken_at IS NULL AND o.kind = 'TOKENS_USED'
       GROUP BY 1, 2, 3, 4, 5 HAVING min(o.created_at) <= $1 OR bool_or(t.ended_at IS NOT NULL)
       ORDER BY min(o.created_at) LIMIT $2`,
      [new Date(at - MINUTE_MS), BATCH],
    );
    return rows;
  },
  take: async (tx, group, task) => {
    const { namespace, task: name, model, provider, asked } = group as Calls;
    const { rows } = await tx.query<{ payload: Payload }>(
      `UPDATE proxy.outbox SET taken_at = now() WHERE ${OF_GROUP} RETURNING payload`,
      [namespace, name, model, provider, asked],
    );
    return rows.length === 0
      ? null
      : spent(
          rows.map(({ payload }) => payload),
          task,
        );
  },
};

function spent(calls: readonly Payload[], task: TaskRow): DomainEvent {
  const { agent, model, provider, asked } = calls[0]!;
  const total = (field: keyof Tokens) => calls.reduce((sum, { tokens }) => sum + tokens[field], 0);
  const tokens = {
    input: total('input'),
    output: total('output'),
    cacheRead: total('cacheRead'),
    cacheWrite: total('cacheWrite'),
  };
  return {
    type: 'TOKENS_USED',
    data: {
      task: task.name,
      kind: task.kind,
      fence: formatFence(task.fence),
      agent,
      model,
      provider,
      ...(asked && { asked }),
      tokens,
      requests: calls.length,
    },
  };
}
