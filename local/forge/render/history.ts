import type { Context } from '../context.ts';
import { type IssueEventRow, nodeId, type RepositoryRow } from '../store/index.ts';
import { renderIssue } from './issue.ts';
import { repositoryURL } from './repository.ts';
import { renderUserById } from './user.ts';

/** OpenAPI `issue-event`. */
export function renderIssueEvent(ctx: Context, repo: RepositoryRow, row: IssueEventRow) {
  const issue = ctx.store.issues.get(row.issueId);
  return {
    id: row.id,
    node_id: nodeId('issueEvent', row.id),
    url: `${repositoryURL(ctx, repo)}/issues/events/${row.id}`,
    actor: renderUserById(ctx, row.actorId),
    event: row.event,
    commit_id: row.commitId ?? null,
    commit_url: row.commitId === undefined ? null : `${repositoryURL(ctx, repo)}/commits/${row.commitId}`,
    created_at: row.createdAt,
    performed_via_github_app: null,
    ...subjectOf(ctx, row),
    ...(row.label === null ? {} : { label: row.label }),
    ...(row.rename === null ? {} : { rename: row.rename }),
    ...(issue === undefined ? {} : { issue: renderIssue(ctx, repo, issue) }),
  };
}

function subjectOf(ctx: Context, row: IssueEventRow) {
  if (row.subjectId === undefined) return {};
  const [subject, actor] = [renderUserById(ctx, row.subjectId), renderUserById(ctx, row.actorId)];
  if (row.event.startsWith('review')) return { requested_reviewer: subject, review_requester: actor };
  return { assignee: subject, assigner: actor };
}

/** An event of an issue's timeline or of its own list, which does not repeat the issue. */
export function renderTimelineEvent(ctx: Context, repo: RepositoryRow, row: IssueEventRow) {
  const { issue: _, ...event } = renderIssueEvent(ctx, repo, row);
  return event;
}
