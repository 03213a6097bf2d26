import { type DomainEvent, type IssueState, release } from '#domain';
import type { Cause } from '../store/log.ts';
import type { Conductor } from './context.ts';

/** Records that an Issue object is gone: its claim ends, its tasks are cancelled, and nothing recreates it by itself. */
export async function reconcileDeleted(
  conductor: Conductor,
  namespace: string,
  name: string,
  cause: Cause,
): Promise<void> {
  const { rows } = await conductor.log.pool.query(
    `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2`,
    [namespace, name],
  );
  for (const row of rows) {
    await conductor.log.append({ id: row.id, namespace, name }, cause, tombstone);
  }
}

function tombstone(state: IssueState): DomainEvent[] {
  if (state.spec === null || state.ending !== null) return [];
  const message = 'The Issue object was deleted.';
  const reason = 'CancelledByPerson';
  return [...release(state, reason, message), { type: 'ISSUE_CANCELLED', data: { reason, message } }];
}
