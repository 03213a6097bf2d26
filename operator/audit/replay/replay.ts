import { resources, type TierPolicy } from '#crds';
import { type IssueState, type LedgerPolicy, replay as replayed } from '#domain';
import type { Pool } from '#lib/db';
import type { EventStore } from '#lib/events';
import type { KubeClient, Resource } from '#lib/kube';
import { TrustReader } from '../../approvals/trust.ts';
import { GrantCheck } from '../../ledger/grants.ts';
import { ledgerPolicyOf } from '../../ledger/policy.ts';
import { AGENT_TASKS, AGENTS, ISSUES, REPOSITORIES } from '../../objects.ts';
import { rowOf, type TaskRow } from '../../store/tasks.ts';
import { comparisons } from './columns.ts';
import { canonical, type Difference, diffRows, type Row } from './difference.ts';
import { gaps, type Known, Moment } from './history.ts';
import { LedgerReplay } from './ledger.ts';
import { diffQueue } from './queued.ts';
import { Scratch } from './scratch.ts';
import { diffStatuses, type Replayed, type Shown } from './statuses.ts';

export interface ReplayOptions {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly client: KubeClient;
  readonly taskDeadlineMs: number;
  /** How trust is gained and lost. Default: as the cluster's TierPolicy `default` says. */
  readonly trust?: LedgerPolicy;
  /** Between two looks at statuses that differ: a status follows the log a moment later. */
  readonly pause: () => Promise<unknown>;
}

export interface ReplayResult {
  readonly streams: number;
  readonly events: number;
  readonly objects: number;
  readonly differences: readonly Difference[];
}

const TIER_POLICIES: Resource<TierPolicy> = resources.TierPolicy;
const LOOKS = 4;

/**
 * Builds every projection anew from the events, in tables of its own, and every status from that and the spec, and answers what is otherwise
 * in the live ones. The database is read as of one moment, so that what is written meanwhile is no difference; a status that
 * differs is looked at again, and counts when it stays as it was. Writes nothing that anybody else sees.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const first = await look(options);
  let lagging = first.statuses;
  for (let looks = 1; lagging.length > 0 && looks < LOOKS; looks += 1) {
    await options.pause();
    const again = new Set((await look(options)).statuses.map(canonical));
    lagging = lagging.filter((difference) => again.has(canonical(difference)));
  }
  const { streams, events, objects } = first;
  return { streams, events, objects, differences: [...first.rows, ...lagging] };
}

interface Look extends Omit<ReplayResult, 'differences'> {
  readonly rows: readonly Difference[];
  readonly statuses: readonly Difference[];
}

async function look(options: ReplayOptions): Promise<Look> {
  const scratch = await Scratch.open(options.pool, options.taskDeadlineMs);
  try {
    const moment = await Moment.open(options.pool);
    try {
      return await compare(options, moment, scratch);
    } finally {
      moment.close();
    }
  } finally {
    scratch.close();
  }
}

async function compare({ store, client, trust }: ReplayOptions, moment: Moment, scratch: Scratch): Promise<Look> {
  const subjects = await moment.subjects();
  const states = new Map<string, IssueState>();
  const rows: Difference[] = [];
  let events = 0;
  const ledger = new LedgerReplay(await moment.ledger(), await moment.kinds());
  for await (const { stream, events: told } of moment.streams(store)) {
    events += told.length;
    rows.push(...gaps(stream, told));
    ledger.take(stream, told);
    states.set(stream, replayed(told));
    const subject = subjects.get(stream);
    if (subject !== undefined) await scratch.project(subject, told);
  }
  const live = { claims: await moment.rows('claims'), tasks: await moment.rows('tasks') };
  const again = { claims: await scratch.rows('claims'), tasks: await scratch.rows('tasks') };
  for (const { table, key, columns } of comparisons)
    rows.push(...diffRows(table, key, columns, live[table], again[table]));
  const check = new GrantCheck({ trust: new TrustReader(client, Date.now), client, now: Date.now });
  const grants = ledger.granted ? await check.view() : undefined;
  rows.push(...ledger.differences(trust ?? (await shownPolicy(client)), grants));
  rows.push(...diffQueue(await moment.rows('queue'), subjects, states));
  const shown = await readShown(client);
  const statuses = diffStatuses(shown, {
    states: byUid(subjects, states),
    tasks: taskRows(live.tasks, again.tasks),
  } satisfies Replayed);
  return { streams: states.size, events, objects: Object.values(shown).flat().length, rows, statuses };
}

async function shownPolicy(client: KubeClient): Promise<LedgerPolicy> {
  const { items } = await client.list(TIER_POLICIES);
  return ledgerPolicyOf(
    items.find(({ metadata }) => metadata.name === 'default')?.spec,
    items.map(({ spec }) => spec),
  );
}

function byUid(subjects: ReadonlyMap<string, Known>, states: ReadonlyMap<string, IssueState>): Map<string, IssueState> {
  const found = new Map<string, IssueState>();
  for (const [id, state] of states) {
    const uid = subjects.get(id)?.uid;
    if (uid != null) found.set(uid, state);
  }
  return found;
}

/** Replayed rows with what no event tells taken from the live ones. */
function taskRows(live: readonly Row[], again: readonly Row[]): Map<string, TaskRow> {
  const keyOf = (row: Row) => `${row.namespace}/${row.name}`;
  const known = new Map(live.map((row) => [keyOf(row), row]));
  return new Map(
    again.map((row) => {
      const { pod_uid, pod_name, node, started_at, client } = known.get(keyOf(row)) ?? row;
      return [keyOf(row), rowOf({ ...row, pod_uid, pod_name, node, started_at, client })];
    }),
  );
}

async function readShown(client: KubeClient): Promise<Shown> {
  const [issues, tasks, agents, repositories] = await Promise.all([
    client.list(ISSUES),
    client.list(AGENT_TASKS),
    client.list(AGENTS),
    client.list(REPOSITORIES),
  ]);
  return { issues: issues.items, tasks: tasks.items, agents: agents.items, repositories: repositories.items };
}
