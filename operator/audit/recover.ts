import type { Issue } from '#crds';
import { decideRecovery, decideWish, type Recovery, type Remains } from '#domain';
import { type Pool, transaction } from '#lib/db';
import type { PullRequestFacts } from '#lib/forge';
import { JOBS, type KubeClient, type KubeObject } from '#lib/kube';
import { type Forges, forgeHost } from '../forges/forges.ts';
import { wishOf } from '../issues/wish.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { IssueLog } from '../store/log.ts';
import { type Position, readLostSince, readPosition, shortfall } from './position.ts';
import type { Behind, Mark, MarkRecord } from './record.ts';
import { fencesOf, keyOf, readTraces, remainsOf, type Traces } from './remains.ts';
import { renumber } from './renumber.ts';
import { subjectOf } from './subject.ts';

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

/**
 * Goes on with a database that was restored from a backup: an epoch and fences that were never given, tasks of the lost time ended, and in the
 * log of every issue what forge and cluster show of that time. Null where the database is not behind. Safe to repeat after any end: the
 * conductor stays stopped until the last step, no issue is told twice, and the lost time is the one that was noted when the
 * database was first seen behind. Throws, with the conductor still stopped, where an issue cannot be told.
 */
export async function recover(options: RecoverOptions): Promise<Recovered | null> {
  const { pool, client, record, forges } = options;
  const mark = await record.read();
  const found = await readPosition(pool);
  const behind = mark === null ? null : await noteBehind(options, mark, found);
  if (mark === null || behind === null) return null;
  const lostSince = new Date(behind.lostSince).toISOString();
  const traces = await readTraces(client, forges, lostSince);
  const beyond = beyondAll(found, mark, traces);
  const nextFence = await advance(pool, beyond, behind);
  const recovery: Recovery = {
    id: `recovery-${mark.recoveries + 1}`,
    fence: `${beyond.epoch}.${nextFence}`,
    lostSince,
  };
  const { issues, asked } = await tellAll(options, traces, recovery);
  const jobsEnded = await endJobs(client, traces);
  await settle(options, mark);
  return { why: behind.why, epoch: beyond.epoch, nextFence, lostSince, issues, asked, jobsEnded };
}

type Noted = Behind & { readonly lostSince: number };

/** Written down before anything is done, and read from there by whoever runs the recovery again: it makes the newest events itself. */
async function noteBehind({ pool, record, now }: RecoverOptions, mark: Mark, found: Position): Promise<Noted | null> {
  const why = mark.behind?.why ?? shortfall(found, mark.position).join('; ');
  if (why === '') return null;
  const lostSince = mark.behind?.lostSince ?? (await readLostSince(pool, mark.writtenAt));
  const behind = { why, since: mark.behind?.since ?? now(), lostSince };
  await record.update((newest) => newest && { ...newest, behind });
  return behind;
}

/** Tells every issue, and throws at the end where some could not be told: one that is in the way hides no other. */
async function tellAll(options: RecoverOptions, traces: Traces, recovery: Recovery) {
  const [issues, asked, failed]: [string[], string[], string[]] = [[], [], []];
  for (const issue of traces.issues) {
    try {
      const told = await tell(options, traces, recovery, issue);
      if (told.known) issues.push(keyOf(issue));
      if (told.known && told.asks) asked.push(keyOf(issue));
    } catch (error) {
      failed.push(`${keyOf(issue)}: ${(error as Error).message}`);
    }
  }
  if (failed.length > 0)
    throw new Error(
      `The recovery has not ended, and the conductor stands still until it is run again: ${failed.length} issues could not be told of it. ${failed.join(' ')}`,
    );
  return { issues, asked };
}

/** The mark may be seconds old when its database is lost: what was given to an AgentTask since counts too. */
function beyondAll(found: Position, { position }: Mark, traces: Traces): { epoch: number; fence: number } {
  const given = fencesOf(traces);
  return {
    epoch: Math.max(found.epoch, position.epoch, given.epoch) + 1,
    fence: Math.max(found.fence, position.fence, given.fence),
  };
}

/**
 * Answers the next fence. What the mirror took from the forge before is read anew: it may be older than it looks. What was to be written to
 * a forge may have been written in the lost time, so that it is looked for first.
 */
async function advance(pool: Pool, beyond: { epoch: number; fence: number }, behind: Noted): Promise<number> {
  return transaction(pool, async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0');
    await tx.query("UPDATE leadership SET epoch = $1, holder = 'recovery', at = now()", [beyond.epoch]);
    const { rows } = await tx.query(
      `SELECT setval('fences', greatest($1::bigint + 1, (SELECT last_value + 1 FROM fences)), false) AS next`,
      [beyond.fence],
    );
    await renumber(tx);
    await tx.query(
      'UPDATE forge_pulls SET live = NULL, live_at = NULL, listed_state = NULL WHERE live_at IS NULL OR live_at < $1',
      [new Date(behind.since)],
    );
    await tx.query('UPDATE forge_listings SET etag = NULL');
    await tx.query('DELETE FROM forge_permissions');
    await tx.query('DELETE FROM queue');
    await tx.query(
      "UPDATE effects SET state = 'started', started_at = $1, created_at = least(created_at, $1) WHERE state = 'planned'",
      [new Date(behind.lostSince)],
    );
    return Number(rows[0].next);
  });
}

/** `known` where the issue's log tells of the recovery; `asks` where a person looks first, as the forge did not show what was done for it. */
async function tell(
  options: RecoverOptions,
  traces: Traces,
  recovery: Recovery,
  issue: Issue & KubeObject,
): Promise<{ known: boolean; asks: boolean }> {
  const { log, by } = options;
  const subject = await subjectOf(log.pool, traces, issue);
  if (subject === null) return { known: false, asks: false };
  const found = remainsOf(traces, issue);
  const remains = { ...found, read: found.read && (await readPull(options, traces, issue, found.pullRequest)) };
  const cause = { actor: { kind: 'person', name: by }, causation: { kind: 'request', id: recovery.id } } as const;
  await log.append(subject, cause, (state) => (state.spec === null ? decideWish(state, wishOf(issue)) : []));
  const { state } = await log.append(subject, cause, (now) => decideRecovery(now, recovery, remains));
  return { known: state.recovered?.id === recovery.id, asks: state.awaiting?.reason === 'DatabaseRestored' };
}

/** Keeps the pull request as the forge shows it now, for the rules to find it merged or open; false where the forge does not show it. */
async function readPull(
  { forges, mirror, pool, now }: RecoverOptions,
  traces: Traces,
  issue: Issue,
  pull: Remains['pullRequest'],
): Promise<boolean> {
  const key = `${issue.metadata.namespace}/${issue.spec.repositoryRef.name}`;
  const repository = traces.repositories.find((one) => keyOf(one) === key);
  const id = repository?.status?.forge?.repositoryID;
  const name = traces.names.get(key);
  if (pull === null || repository === undefined || id === undefined || name === undefined) return true;
  let live: PullRequestFacts;
  const readAt = now();
  try {
    const { forge } = await forges.forRepository(repository);
    live = await forge.pullRequest(name, pull.number);
  } catch {
    return false;
  }
  await mirror.putLivePull(pool, { host: forgeHost(repository), id }, live, readAt);
  return true;
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
