import { type Context, now } from '../context.ts';
import type { IssueEventRow, IssueRow, RepositoryRow, UserRow } from '../store/index.ts';

const KEPT: Readonly<Record<string, IssueEventRow['event']>> = {
  labeled: 'labeled',
  unlabeled: 'unlabeled',
  closed: 'closed',
  reopened: 'reopened',
  assigned: 'assigned',
  unassigned: 'unassigned',
  review_requested: 'review_requested',
  review_request_removed: 'review_request_removed',
  ready_for_review: 'ready_for_review',
  converted_to_draft: 'convert_to_draft',
};

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
  const event = renamed ? 'renamed' : KEPT[action];
  if (event === undefined) return;
  const label = extra.label as { name: string; color: string } | undefined;
  const subject = (extra.assignee ?? extra.requested_reviewer) as { id: number } | undefined;
  ctx.store.issueEvents.insert({
    repoId: repo.id,
    issueId: issue.id,
    event,
    actorId: actor.id,
    label: label === undefined ? null : { name: label.name, color: label.color },
    rename: renamed ? { from, to: issue.title } : null,
    ...(subject === undefined ? {} : { subjectId: subject.id }),
    createdAt: now(ctx),
  });
}

/** Records a merge, which GitHub tells as an event of its own before that of the closing. Inside a transaction. */
export function recordMerge(ctx: Context, repo: RepositoryRow, issueId: number, actor: UserRow, sha: string): void {
  const fields = { label: null, rename: null, commitId: sha, createdAt: now(ctx) };
  ctx.store.issueEvents.insert({ ...fields, repoId: repo.id, issueId, event: 'merged', actorId: actor.id });
}
