import { type Context, now } from '../context.ts';
import { ZERO_OID } from '../git/index.ts';
import type { ActivityType, RepositoryRow, UserRow } from '../store/index.ts';
import type { RefChange } from './push-events.ts';

/** Records who changed a branch how. `merge` tells a merge by the forge from a push. Inside the transaction that observed it. */
export function recordActivity(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  change: RefChange,
  merge: boolean,
): void {
  if (!change.ref.startsWith('refs/heads/')) return;
  const { ref, before, after } = change;
  const type = merge ? 'pr_merge' : typeOf(change);
  ctx.store.activities.insert({ repoId: repo.id, ref, before, after, actorId: actor.id, type, timestamp: now(ctx) });
}

function typeOf({ before, after, forced }: RefChange): ActivityType {
  if (before === ZERO_OID) return 'branch_creation';
  if (after === ZERO_OID) return 'branch_deletion';
  return forced ? 'force_push' : 'push';
}
