import type { Fence, Lane, TaskKind, Tokens } from '#domain';
import type { Queryable } from '#lib/db';
import { together } from './together.ts';

/** A row of `tasks`: one run of one agent, live while `endedAt` is null. Times are ms since the epoch. */
export interface TaskRow {
  readonly namespace: string;
  readonly name: string;
  readonly subject: string;
  readonly claim: string;
  readonly lane: Lane;
  readonly kind: TaskKind;
  readonly agent: { readonly name: string; readonly uid: string };
  readonly attempt: number;
  readonly round: number;
  readonly fence: Fence;
  readonly headSHA: string | null;
  readonly deadline: number;
  readonly dispatchedAt: number;
  readonly startedAt: number | null;
  readonly seenAt: number;
  readonly pod: { readonly name: string; readonly uid: string } | null;
  readonly node: string | null;
  /** What the client that took it calls itself; null for a task that a pod runs. */
  readonly client: string | null;
  readonly endedAt: number | null;
  readonly ending: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly tokens: Tokens | null;
}

/** The task of that name, or null. */
export async function findTask(db: Queryable, namespace: string, name: string): Promise<TaskRow | null> {
  const { rows } = await db.query('SELECT * FROM tasks WHERE namespace = $1 AND name = $2', [namespace, name]);
  return rows[0] === undefined ? null : rowOf(rows[0]);
}

/** Every task of an issue, oldest first. */
export async function tasksOf(db: Queryable, subject: string): Promise<TaskRow[]> {
  const { rows } = await db.query('SELECT * FROM tasks WHERE subject = $1 ORDER BY epoch, sequence', [subject]);
  return rows.map(rowOf);
}

/** Live tasks per Agent uid. */
export function runningByAgent(db: Queryable): Promise<ReadonlyMap<string, number>> {
  return runningOfAll(db, null);
}

const runningOfAll = together<null, ReadonlyMap<string, number>>({
  name: () => '',
  read: async (db, batch) => {
    const { rows } = await db.query(
      'SELECT agent_uid, count(*)::int AS running FROM tasks WHERE ended_at IS NULL GROUP BY agent_uid',
    );
    const running = new Map<string, number>(rows.map((row) => [row.agent_uid, row.running]));
    return batch.map(() => running);
  },
});

/** Notes a sign of life. False when the task has ended: its fence is dead. */
export async function heartbeat(db: Queryable, namespace: string, name: string, at: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE tasks SET seen_at = greatest(seen_at, $3) WHERE namespace = $1 AND name = $2 AND ended_at IS NULL',
    [namespace, name, new Date(at)],
  );
  return rowCount === 1;
}

/** Binds a live task to the first pod that asks for its token; false for any other pod, and for an ended task. */
export async function bindPod(
  db: Queryable,
  namespace: string,
  name: string,
  pod: { name: string; uid: string; node?: string | undefined },
  at: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE tasks SET pod_uid = $3, pod_name = $4, node = $6, started_at = coalesce(started_at, $5), seen_at = greatest(seen_at, $5)
     WHERE namespace = $1 AND name = $2 AND ended_at IS NULL AND client IS NULL AND (pod_uid IS NULL OR pod_uid = $3)`,
    [namespace, name, pod.uid, pod.name, new Date(at), pod.node ?? null],
  );
  return rowCount === 1;
}

/** {@link bindPod} for a client of an Agent that pulls its work, by the name that the client gave itself. */
export async function bindClient(
  db: Queryable,
  namespace: string,
  name: string,
  client: string,
  at: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE tasks SET client = $3, started_at = coalesce(started_at, $4), seen_at = greatest(seen_at, $4)
     WHERE namespace = $1 AND name = $2 AND ended_at IS NULL AND pod_uid IS NULL AND (client IS NULL OR client = $3)`,
    [namespace, name, client, new Date(at)],
  );
  return rowCount === 1;
}

/** A row of `tasks` as the driver gives it. */
// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
export function rowOf(row: any): TaskRow {
  return {
    namespace: row.namespace,
    name: row.name,
    subject: row.subject,
    claim: row.claim,
    lane: row.lane,
    kind: row.kind,
    agent: { name: row.agent_name, uid: row.agent_uid },
    attempt: row.attempt,
    round: row.round,
    fence: { epoch: row.epoch, sequence: row.sequence },
    headSHA: row.head_sha,
    deadline: Number(row.deadline),
    dispatchedAt: Number(row.dispatched_at),
    startedAt: row.started_at === null ? null : Number(row.started_at),
    seenAt: Number(row.seen_at),
    pod: row.pod_uid === null ? null : { name: row.pod_name, uid: row.pod_uid },
    node: row.node,
    client: row.client,
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    ending: row.ending,
    reason: row.reason,
    message: row.message,
    tokens: row.tokens,
  };
}
