import { join } from 'node:path';
import { catalogue } from '#domain';
import { createPool, migrate, type Pool } from '#lib/db';
import { advanceEpoch, EventStore, migrations } from '#lib/events';
import { IssueLog } from '../../../operator/store/log.ts';
import { claimNext, nextTask } from '../../../operator/store/take.ts';
import { bindClient } from '../../../operator/store/tasks.ts';

export interface ClaimsOptions {
  /** Of an empty database; the schema `bench_claims` is made anew in it. */
  readonly url: string;
  /** Default 10,000. */
  readonly queued?: number;
  /** Half of them dispatched to, half of them asking; each is an Agent of its own. Default 50. */
  readonly claimers?: number;
  /** Sessions of the database that they share, as in the operator. Default 20. */
  readonly sessions?: number;
  readonly signal?: AbortSignal;
}

const SCHEMA = 'bench_claims';
const CAUSE = { actor: { kind: 'controller', name: 'bench' } } as const;
const FILED = {
  uid: 'bench',
  generation: 1,
  spec: {
    repository: 'widgets',
    number: null,
    title: 'A title',
    body: 'A body.',
    labels: [],
    source: 'kubectl',
    tier: null,
    taskClass: null,
    priority: 'normal',
    parent: null,
    dependsOn: [],
    taskSpec: null,
    suspend: false,
  },
};

/**
 * Claims a whole queue with claimers of both kinds at once and answers claims per second. Throws where an issue was claimed twice or left
 * behind.
 */
export async function measureClaims(options: ClaimsOptions): Promise<number> {
  const { url, queued = 10_000, claimers = 50, sessions = 20, signal } = options;
  const pool = createPool(url, { applicationName: 'rig-bench', schema: SCHEMA, max: sessions });
  try {
    await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await migrate(pool, { schema: SCHEMA, ...migrations });
    const directory = join(import.meta.dirname, '..', '..', '..', 'operator', 'store', 'migrations');
    await migrate(pool, { schema: SCHEMA, component: 'operator', directory });
    const leader = { epoch: await advanceEpoch(pool, 'bench') };
    const agents = Array.from({ length: claimers }, (_, i) => ({
      name: `agent-${i}`,
      uid: `agent-${i}`,
      concurrency: queued,
    }));
    await fillQueue(
      pool,
      queued,
      agents.map(({ uid }) => uid),
    );
    const store = new EventStore({ db: pool, types: catalogue });
    const log = new IssueLog({ pool, store, taskDeadlineMs: 3_600_000, onAppend: () => undefined });
    await remember(log, pool);
    const startedAt = performance.now();
    const claimed = await Promise.all(
      agents.map(async (agent, i) => {
        let claims = 0;
        for (; !signal?.aborted; claims += 1) {
          const pulls = i % 2 === 1;
          const next = pulls ? await nextTask(log, agent, CAUSE) : await claimNext(log, agent, leader, CAUSE);
          if (typeof next === 'string') break;
          if ('task' in next) await bindClient(pool, 'bench', next.task, 'bench', Date.now());
        }
        return claims;
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    signal?.throwIfAborted();
    await store.idle();
    await proveExact(pool, queued, claimed);
    return queued / seconds;
  } finally {
    await pool.end();
  }
}

async function fillQueue(pool: Pool, count: number, candidates: readonly string[]): Promise<void> {
  await pool.query(
    `WITH made AS (
       INSERT INTO subjects (id, kind, namespace, name, uid)
       SELECT gen_random_uuid(), 'Issue', 'bench', 'issue-' || n, n::text FROM generate_series(1, $1::int) n RETURNING id, name, uid),
     filed AS (
       INSERT INTO events (stream, version, type, schema, data, meta)
       SELECT id, 1, 'ISSUE_FILED', 1, $3::jsonb, $4::jsonb FROM made)
     INSERT INTO queue (subject, namespace, issue, version, priority, filed_at, candidates, message)
     SELECT id, 'bench', name, 1, uid::int % 4, now() - uid::int * interval '1 second', $2::text[], 'It may be claimed.' FROM made`,
    [count, candidates, FILED, CAUSE],
  );
  await pool.query('ANALYZE queue');
}

/** Who queued an issue has looked at it, so it remembers its state. */
async function remember(log: IssueLog, pool: Pool): Promise<void> {
  const { rows } = await pool.query('SELECT subject FROM queue');
  for (let at = 0; at < rows.length; at += 100)
    await Promise.all(rows.slice(at, at + 100).map(({ subject }) => log.load({ id: subject })));
}

async function proveExact(pool: Pool, queued: number, claimed: readonly number[]): Promise<void> {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM queue) AS left, (SELECT count(*)::int FROM tasks) AS tasks,
       (SELECT count(DISTINCT subject)::int FROM claims) AS subjects`,
  );
  const sum = claimed.reduce((a, b) => a + b, 0);
  const { left, tasks, subjects } = rows[0];
  if (left !== 0 || sum !== queued || tasks !== queued || subjects !== queued)
    throw new Error(
      `${queued} were queued: ${left} are left, ${sum} claims were answered for ${subjects} issues with ${tasks} tasks`,
    );
}
