import { type Context, now } from '../context.ts';
import type { IssueEventRow, IssueRow, RepositoryRow, UserRow } from '../store/index.ts';

const KEPT: readonly string[] = ['labeled', 'unlabeled', 'closed', 'reopened'] satisfies IssueEventRow['event'][];

/** Records what a webhook says of an issue for the listing of its events; of an edit, only that the title changed. Inside a transaction. */
export function recordIssueEvent(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  action: string,
  actor: UserRow,
  extra: Record<string, unknown>,
): void {
  const from = (extra.changes as { title?: { from: string } } | undefined)?.title?.from;
  const renamed = action === 'edited' && from !== undefined;
  if (!renamed && !KEPT.includes(action)) return;
  const label = extra.label as { name: string; color: string } | undefined;
  ctx.store.issueEvents.insert({
    repoId: repo.id,
    issueId: issue.id,
    event: renamed ? 'renamed' : (action as IssueEventRow['event']),
    actorId: actor.id,
    label: label === undefined ? null : { name: label.name, color: label.color },
    rename: renamed ? { from, to: issue.title } : null,
    createdAt: now(ctx),
  });
}
