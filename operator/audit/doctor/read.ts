import type { Pool } from '#lib/db';
import { type Condition, findCondition, type KubeClient, type KubeObject, LEASES, type Resource } from '#lib/kube';
import { NOTICE_EFFECT } from '../../escalation/rows.ts';
import { AGENTS, ISSUES, REPOSITORIES } from '../../objects.ts';
import { readPosition } from '../position.ts';
import type { MarkRecord } from '../record.ts';
import type { Clustered, Standing, Stored } from './facts.ts';

interface Lease extends KubeObject {
  spec?: { holderIdentity?: string; renewTime?: string };
}

const MOST = 200;

/** What the cluster shows: cluster-wide lists, the Lease and the mark of `namespace`. */
export async function readCluster(client: KubeClient, record: MarkRecord, namespace: string): Promise<Clustered> {
  const [issues, repositories, agents, lease, mark] = await Promise.all([
    client.list(ISSUES),
    client.list(REPOSITORIES),
    client.list(AGENTS),
    client.find(LEASES as Resource<Lease>, { namespace, name: 'rig-conductor' }),
    record.read(),
  ]);
  return {
    issues: issues.items.map(standing),
    repositories: repositories.items.map((one) => ({
      ...standing(one),
      forgeId: one.status?.forge?.repositoryID ?? null,
    })),
    agents: agents.items.map(standing),
    lease:
      lease === undefined
        ? null
        : { holder: lease.spec?.holderIdentity || null, renewedAt: Date.parse(lease.spec?.renewTime ?? '') || 0 },
    mark,
  };
}

interface Judged {
  readonly phase?: string;
  readonly why?: string;
  readonly conditions?: readonly Condition[];
}

function standing(object: KubeObject & { status?: Judged; spec: object }): Standing {
  const { metadata, status, spec } = object;
  const conditions = status?.conditions as Condition[] | undefined;
  const stalled = findCondition(conditions, 'Stalled');
  const ready = findCondition(conditions, 'Ready');
  const bad = stalled?.status === 'True' ? stalled : ready?.status === 'False' ? ready : undefined;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    uid: metadata.uid ?? '',
    phase: status?.phase ?? null,
    why: status?.why ?? null,
    suspended: 'suspend' in spec && spec.suspend === true,
    stalled:
      bad === undefined
        ? null
        : {
            reason: bad.reason ?? '',
            message: bad.message ?? '',
            since: bad.lastTransitionTime === undefined ? null : Date.parse(bad.lastTransitionTime),
          },
  };
}

const QUERIES = {
  tasks: `SELECT namespace || '/' || name AS key, agent_name AS agent, started_at IS NOT NULL AS started, seen_at AS "seenAt"
    FROM tasks WHERE ended_at IS NULL ORDER BY seen_at LIMIT ${MOST}`,
  effects: `SELECT key, state, attempt, coalesce(started_at, created_at) AS at
    FROM effects WHERE state IN ('planned', 'started') AND kind <> '${NOTICE_EFFECT}' ORDER BY created_at LIMIT ${MOST}`,
  notices: `SELECT key, attempt, created_at AS at
    FROM effects WHERE state IN ('planned', 'started') AND kind = '${NOTICE_EFFECT}' ORDER BY created_at LIMIT ${MOST}`,
  deliveries: `SELECT id, event, received_at AS "receivedAt", attempts, outcome, detail FROM deliveries
    WHERE finished_at IS NULL OR (outcome = 'failed' AND received_at > now() - interval '1 day') ORDER BY seq LIMIT ${MOST}`,
  answers: `SELECT key, namespace || '/' || repository AS repository, number, attempts, failure, coalesce(ended_at, due_at) AS at FROM answers
    WHERE ended_at IS NULL OR (failure IS NOT NULL AND ended_at > now() - interval '1 day') ORDER BY seq LIMIT ${MOST}`,
  stalls: `SELECT tail, stream, version, reason, since FROM tail_stalls ORDER BY since LIMIT ${MOST}`,
  queue: `SELECT namespace || '/' || issue AS key, candidates, enqueued_at AS since FROM queue ORDER BY enqueued_at LIMIT ${MOST}`,
  tails: `SELECT t.name, e.waiting, e.oldest FROM tails t, LATERAL (
    SELECT count(*)::int AS waiting, min(at) AS oldest FROM (
      SELECT at FROM events WHERE (txid, pos) > (t.txid, t.pos) ORDER BY txid, pos LIMIT 1000) AS newer) AS e`,
  listings: `SELECT id, owner || '/' || name AS name, (SELECT min(read_at) FROM forge_listings l
    WHERE l.host = r.host AND l.repository_id = r.id) AS "listedAt" FROM forge_repositories r`,
} as const;

/** What the database holds that may not go on by itself: of each the oldest, at most 200. */
export async function readStored(pool: Pool): Promise<Stored> {
  const entries = await Promise.all(
    Object.entries(QUERIES).map(async ([name, sql]) => [name, (await pool.query(sql)).rows.map(inMs)] as const),
  );
  const { rows } = await pool.query('SELECT epoch, holder FROM leadership');
  return {
    ...(Object.fromEntries(entries) as unknown as Stored),
    position: await readPosition(pool),
    leader: rows[0],
    outboxes: await readOutboxes(pool),
  };
}

/** A program that never ran has no outbox. */
async function readOutboxes(pool: Pool): Promise<Stored['outboxes']> {
  const found: Stored['outboxes'][number][] = [];
  for (const program of ['proxy', 'egress'] as const) {
    const installed = await pool.query('SELECT to_regclass($1) IS NOT NULL AS yes', [`${program}.outbox`]);
    if (installed.rows[0].yes !== true) continue;
    const { rows } = await pool.query(
      `SELECT count(*)::int AS rows, min(created_at) AS oldest FROM ${program}.outbox WHERE taken_at IS NULL`,
    );
    const { rows: left, oldest } = inMs(rows[0]) as { rows: number; oldest: number | null };
    if (oldest !== null) found.push({ program, rows: left, oldest });
  }
  return found;
}

function inMs(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.getTime() : value]),
  );
}
