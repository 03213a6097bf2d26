import { type DomainEvent, type IssueState, release } from '#domain';
import { ISSUES } from '../objects.ts';
import type { Cause } from '../store/log.ts';
import type { Conductor } from './context.ts';

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
  const { rows } = await log.pool.query<{ id: string; uid: string }>(
    `SELECT id, uid FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 AND uid IS NOT NULL AND uid IS DISTINCT FROM $3`,
    [namespace, name, present],
  );
  const states = await Promise.all(rows.map((row) => log.load(row)));
  const open = rows.filter((_, index) => tombstone(states[index]!).length > 0);
  if (open.length === 0) return;
  const live = await client.find(ISSUES, { namespace, name });
  const there = live?.metadata.deletionTimestamp === undefined ? live?.metadata.uid : undefined;
  for (const { id, uid } of open) if (uid !== there) await log.append({ id, namespace, name }, cause, tombstone);
}

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
