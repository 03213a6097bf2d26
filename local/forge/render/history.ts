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
    commit_id: null,
    commit_url: null,
    created_at: row.createdAt,
    performed_via_github_app: null,
    ...(row.label === null ? {} : { label: row.label }),
    ...(row.rename === null ? {} : { rename: row.rename }),
    ...(issue === undefined ? {} : { issue: renderIssue(ctx, repo, issue) }),
  };
}
