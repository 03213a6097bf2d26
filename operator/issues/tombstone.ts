import { type DomainEvent, type IssueState, release } from '#domain';
import type { Cause } from '../store/log.ts';
import type { Conductor } from './context.ts';

/**
 * Records that the Issue objects of this name are gone, all but the one with the uid `present`: their claims end, their tasks are cancelled, and
 * nothing recreates them by itself.
 */
export async function reconcileDeleted(
  conductor: Conductor,
  namespace: string,
  name: string,
  cause: Cause,
  present: string | null = null,
): Promise<void> {
  const { rows } = await conductor.log.pool.query(
    `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 AND uid IS NOT NULL AND uid IS DISTINCT FROM $3`,
    [namespace, name, present],
  );
  for (const row of rows) {
    await conductor.log.append({ id: row.id, namespace, name }, cause, tombstone);
  }
}

/** {@link reconcileDeleted} for every Issue that was deleted while no conductor watched. Call it with the caches filled. */
export async function recordDeletions(conductor: Conductor, cause: Cause): Promise<void> {
  const { rows } = await conductor.log.pool.query(
    `SELECT DISTINCT namespace, name FROM subjects s WHERE kind = 'Issue' AND uid IS NOT NULL AND EXISTS (
       SELECT 1 FROM events e WHERE e.stream = s.id AND e.type NOT IN ('ISSUE_DONE', 'ISSUE_FAILED', 'ISSUE_CANCELLED')
       AND e.version = (SELECT max(version) FROM events WHERE stream = s.id))`,
  );
  for (const { namespace, name } of rows)
    if (conductor.objects.issues.get(namespace, name) === undefined)
      await reconcileDeleted(conductor, namespace, name, cause);
}

function tombstone(state: IssueState): DomainEvent[] {
  if (state.spec === null || state.ending !== null) return [];
  const message = 'The Issue object was deleted.';
  const reason = 'CancelledByPerson';
  return [...release(state, reason, message), { type: 'ISSUE_CANCELLED', data: { reason, message } }];
}
