import type { Issue } from '#crds';
import { decideRecovery, decideWish, type Recovery } from '#domain';
import { type Pool, transaction } from '#lib/db';
import { ensureSubject } from '#lib/events';
import { JOBS, type KubeClient, type KubeObject } from '#lib/kube';
import { type Forges, forgeHost } from '../forges/forges.ts';
import { wishOf } from '../issues/wish.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { IssueLog } from '../store/log.ts';
import { type Position, readPosition, shortfall } from './position.ts';
import type { Mark, MarkRecord } from './record.ts';
import { fencesOf, keyOf, nameOf, readTraces, remainsOf, type Traces } from './remains.ts';
import { renumber } from './renumber.ts';

export interface RecoverOptions {
  readonly pool: Pool;
  readonly client: KubeClient;
  readonly record: MarkRecord;
  readonly log: IssueLog;
  readonly forges: Forges;
  readonly mirror: Mirror;
  /** The person who asks for it; it is in every event of the recovery. */
  readonly by: string;
  readonly now: () => number;
}

export interface Recovered {
  /** Why the database was behind. */
  readonly why: string;
  readonly epoch: number;
  /** The first fence that may be given from now on. */
  readonly nextFence: number;
  /** RFC 3339: what was done since is not in the database. */
  readonly lostSince: string;
  /** `namespace/name` of every Issue whose log tells of the recovery. */
  readonly issues: readonly string[];
  /** Those of them whose forge could not be read: a person looks first. */
  readonly asked: readonly string[];
  readonly jobsEnded: number;
}

/** Before the newest event that is there: clocks differ, and what is looked for may have been under way. */
const SLACK_MS = 600_000;

/**
 * Goes on with a database that was restored from a backup: an epoch and fences that were never given, tasks of the lost time ended, and in the
 * log of every issue what forge and cluster show of that time. Null where the database is not behind. The conductor
 * stays stopped until the last step, and no issue is told twice; but one that died on the way has moved the newest event, from which the next dates
 * the lost time.
 */
export async function recover(options: RecoverOptions): Promise<Recovered | null> {
  const { pool, client, record, forges, now } = options;
  const mark = await record.read();
  const found = await readPosition(pool);
  if (mark === null) return null;
  const why = mark.behind?.why ?? shortfall(found, mark.position).join('; ');
  if (why === '') return null;
  await record.update((newest) => newest && { ...newest, behind: newest.behind ?? { why, since: now() } });
  const newest = await newestEvent(pool);
  const since = newest === null ? null : new Date(newest.getTime() - SLACK_MS).toISOString();
  const traces = await readTraces(client, forges, since);
  const beyond = beyondAll(found, mark, traces);
  const nextFence = await advance(pool, beyond);
  const recovery: Recovery = {
    id: `recovery-${mark.recoveries + 1}`,
    fence: `${beyond.epoch}.${nextFence}`,
    lostSince: since ?? new Date(0).toISOString(),
  };
  const issues: string[] = [];
  for (const issue of traces.issues) if (await tell(options, traces, recovery, issue)) issues.push(keyOf(issue));
  const jobsEnded = await endJobs(client, traces);
  await settle(options, mark);
  const asked = issues.filter((key) => isUnread(traces, key));
  return { why, epoch: beyond.epoch, nextFence, lostSince: recovery.lostSince, issues, asked, jobsEnded };
}

function isUnread({ issues, unread }: Traces, key: string): boolean {
  const issue = issues.find((one) => keyOf(one) === key);
  return issue !== undefined && unread.has(`${issue.metadata.namespace}/${issue.spec.repositoryRef.name}`);
}

async function newestEvent(pool: Pool): Promise<Date | null> {
  const { rows } = await pool.query('SELECT max(at) AS at FROM events');
  return rows[0].at;
}

/** The mark may be seconds old when its database is lost: what was given to an AgentTask since counts too. */
function beyondAll(found: Position, { position }: Mark, traces: Traces): { epoch: number; fence: number } {
  const given = fencesOf(traces);
  return {
    epoch: Math.max(found.epoch, position.epoch, given.epoch) + 1,
    fence: Math.max(found.fence, position.fence, given.fence),
  };
}

/** Answers the next fence. What the mirror took from the forge is read anew: it may be older than it looks. */
async function advance(pool: Pool, beyond: { epoch: number; fence: number }): Promise<number> {
  return transaction(pool, async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0');
    await tx.query("UPDATE leadership SET epoch = $1, holder = 'recovery', at = now()", [beyond.epoch]);
    const { rows } = await tx.query(
      `SELECT setval('fences', greatest($1::bigint + 1, (SELECT last_value + 1 FROM fences)), false) AS next`,
      [beyond.fence],
    );
    await renumber(tx);
    await tx.query('UPDATE forge_pulls SET live = NULL, live_at = NULL, listed_state = NULL');
    await tx.query('UPDATE forge_listings SET etag = NULL');
    await tx.query('DELETE FROM forge_permissions');
    await tx.query('DELETE FROM queue');
    return Number(rows[0].next);
  });
}

/** True where the issue's log tells of the recovery. */
async function tell(
  options: RecoverOptions,
  traces: Traces,
  recovery: Recovery,
  issue: Issue & KubeObject,
): Promise<boolean> {
  const { log, by } = options;
  const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
  const remains = remainsOf(traces, issue);
  const { subject } = await ensureSubject(log.pool, { kind: 'Issue', namespace, name, uid });
  const cause = { actor: { kind: 'person', name: by }, causation: { kind: 'request', id: recovery.id } } as const;
  await log.append(subject, cause, (state) => (state.spec === null ? decideWish(state, wishOf(issue)) : []));
  const { state } = await log.append(subject, cause, (now) => decideRecovery(now, recovery, remains));
  if (remains.pullRequest !== null && state.pullRequest !== null)
    await readPull(options, traces, issue, state.pullRequest.number);
  return state.recovered?.id === recovery.id;
}

/** The pull request as the forge shows it now, for the rules to find it merged or open. */
async function readPull(options: RecoverOptions, traces: Traces, issue: Issue, number: number): Promise<void> {
  const { forges, mirror, pool, now } = options;
  const key = `${issue.metadata.namespace}/${issue.spec.repositoryRef.name}`;
  const repository = traces.repositories.find((one) => keyOf(one) === key);
  const id = repository?.status?.forge?.repositoryID;
  if (repository === undefined || id === undefined) return;
  const { forge } = await forges.forRepository(repository);
  const live = await forge.pullRequest(nameOf(repository), number);
  await mirror.putLivePull(pool, { host: forgeHost(repository), id }, live, now());
}

/** Ends what still runs for a claim of the lost time: its calls are refused anyway. */
async function endJobs(client: KubeClient, { tasks }: Traces): Promise<number> {
  let ended = 0;
  for (const { metadata, status } of tasks) {
    if (status?.phase !== undefined && !['Pending', 'Running'].includes(status.phase)) continue;
    const ref = { namespace: metadata.namespace!, name: metadata.name! };
    if (await client.delete(JOBS, ref)) ended += 1;
  }
  return ended;
}

/** The last step: from here on the conductor works again, each of its processes begun anew. */
async function settle({ pool, record, now }: RecoverOptions, mark: Mark): Promise<void> {
  const position = await readPosition(pool);
  await record.update((newest) =>
    newest !== null && newest.recoveries > mark.recoveries
      ? null
      : { position, writtenAt: now(), behind: null, recoveries: mark.recoveries + 1 },
  );
}
