import { type DomainEvent, type IssueState, type MergesWorld, observeMerges, release } from '#domain';
import { ISSUES } from '../objects.ts';
import { repositoryPolicy } from '../repositories/policy.ts';
import type { Cause } from '../store/log.ts';
import { together } from '../store/together.ts';
import type { Conductor } from './context.ts';
import { readPullRequest } from './merge.ts';
import { repositoryKey } from './world.ts';

/**
 * Records that the Issue objects of this name are gone, all but the one with the uid `present`: their claims end, their tasks are cancelled, and
 * nothing recreates them by itself. A cache may be behind: what the API server shows is not gone, and it is asked where something open would end.
 */
export async function reconcileDeleted(
  conductor: Conductor,
  namespace: string,
  name: string,
  cause: Cause,
  present: string | null = null,
): Promise<void> {
  const { log, client } = conductor;
  const rows = (await named(log.pool, { namespace, name })).filter(({ uid }) => uid !== present);
  const states = await Promise.all(rows.map((row) => log.load(row)));
  const open = rows.flatMap((row, index) => {
    const state = states[index]!;
    return tombstone(state).length > 0 ? [{ ...row, state }] : [];
  });
  if (open.length === 0) return;
  const live = await client.find(ISSUES, { namespace, name });
  const there = live?.metadata.deletionTimestamp === undefined ? live?.metadata.uid : undefined;
  for (const { id, uid, state: seen } of open) {
    if (uid === there) continue;
    const subject = { id, namespace, name };
    const shown = await mergeShown(conductor, namespace, seen);
    await log.append(subject, cause, (state) => {
      const end = tombstone(state);
      return end.length === 0 || shown === null ? end : [...observeMerges(state, shown), ...end];
    });
  }
}

/**
 * What the forge shows of a merge that was asked for and of whose end the log does not tell; null where none was. Nobody looks at the issue again,
 * so it is read now; a forge that does not answer keeps no claim alive: then what was told last counts.
 */
async function mergeShown(conductor: Conductor, namespace: string, state: IssueState): Promise<MergesWorld | null> {
  const { objects, mirror, log, now } = conductor;
  const name = state.spec?.repository ?? '';
  const repository = objects.repositories.get(namespace, name);
  const key = repositoryKey(repository);
  const number = state.pullRequest?.number;
  const asked = state.mergeRequested !== null && state.merged === null && number !== undefined;
  if (!asked || repository === undefined || key === null) return null;
  await readPullRequest(conductor, repository, number).catch(() => undefined);
  const { facts, readAt } = await mirror.pull(log.pool, key, number);
  const policy = repositoryPolicy(repository, name, now());
  return { repository: policy, pullRequest: facts, pullRequestReadAt: readAt, stalePulls: [] };
}

/** The subjects that an Issue object of this name has, or had. */
const named = together<{ namespace: string; name: string }, { id: string; uid: string }[]>({
  name: ({ namespace, name }) => `${namespace}/${name}`,
  read: async (db, batch) => {
    const { rows } = await db.query<{ n: string; id: string; uid: string }>(
      `SELECT n, id, uid FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (namespace, name, n) JOIN subjects USING (namespace, name)
       WHERE kind = 'Issue' AND uid IS NOT NULL`,
      [batch.map(({ namespace }) => namespace), batch.map(({ name }) => name)],
    );
    return batch.map((_, at) => rows.filter(({ n }) => Number(n) === at + 1));
  },
});

/** Subjects that one statement looks at; it ends within milliseconds however long the history is. */
const PAGE = 5_000;

/**
 * {@link reconcileDeleted} for every Issue that was deleted while no conductor watched. Call it with the caches filled. Of every subject the
 * newest event is looked at (20,000 took half a second on a busy machine); only those without an ending are read.
 */
export async function recordDeletions(conductor: Conductor, cause: Cause): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await conductor.log.pool.query(
      `SELECT s.id, s.namespace, s.name, last.type IN ('ISSUE_DONE', 'ISSUE_FAILED', 'ISSUE_CANCELLED') AS ended
       FROM (SELECT id, namespace, name FROM subjects WHERE kind = 'Issue' AND uid IS NOT NULL AND id > $1 ORDER BY id LIMIT $2) AS s
       LEFT JOIN LATERAL (SELECT type FROM events WHERE stream = s.id ORDER BY version DESC LIMIT 1) AS last ON true ORDER BY s.id`,
      [after, PAGE],
    );
    for (const { namespace, name, ended } of rows)
      if (ended === false && conductor.objects.issues.get(namespace, name) === undefined)
        await reconcileDeleted(conductor, namespace, name, cause);
    if (rows.length < PAGE) return;
    after = rows.at(-1).id;
  }
}

function tombstone(state: IssueState): DomainEvent[] {
  if (state.spec === null || state.ending !== null) return [];
  const message = 'The Issue object was deleted.';
  const reason = 'CancelledByPerson';
  return [...release(state, reason, message), { type: 'ISSUE_CANCELLED', data: { reason, message } }];
}
