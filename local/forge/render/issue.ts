import type { Context } from '../context.ts';
import {
  type CommentRow,
  type IssueRow,
  type LabelRow,
  nodeId,
  type PullRow,
  type RepositoryRow,
} from '../store/index.ts';
import { association } from './association.ts';
import { renderReactions } from './reaction.ts';
import { repositoryPage, repositoryURL } from './repository.ts';
import { renderUserById } from './user.ts';

/** OpenAPI `label`. */
export function renderLabel(ctx: Context, repo: RepositoryRow, label: LabelRow) {
  return {
    id: label.id,
    node_id: nodeId('label', label.id),
    url: `${repositoryURL(ctx, repo)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  };
}

export function labelsOf(ctx: Context, issue: IssueRow): LabelRow[] {
  return issue.labelIds.map((id) => ctx.store.labels.get(id)).filter((label) => label !== undefined);
}

export const issuePage = (ctx: Context, repo: RepositoryRow, issue: Pick<IssueRow, 'isPull' | 'number'>) =>
  `${repositoryPage(ctx, repo)}/${issue.isPull ? 'pull' : 'issues'}/${issue.number}`;

/** OpenAPI `issue`; a pull request is one too, with the field `pull_request`. */
export function renderIssue(ctx: Context, repo: RepositoryRow, issue: IssueRow) {
  const url = `${repositoryURL(ctx, repo)}/issues/${issue.number}`;
  const assignees = issue.assigneeIds.map((id) => renderUserById(ctx, id)).filter((user) => user !== null);
  const pull = issue.isPull ? ctx.store.pulls.first({ issueId: issue.id }) : undefined;
  return {
    url,
    repository_url: repositoryURL(ctx, repo),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: issuePage(ctx, repo, issue),
    id: issue.id,
    node_id: nodeId('issue', issue.id),
    number: issue.number,
    title: issue.title,
    user: renderUserById(ctx, issue.authorId),
    labels: labelsOf(ctx, issue).map((label) => renderLabel(ctx, repo, label)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: false,
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    comments: ctx.store.comments.count({ issueId: issue.id }),
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: association(ctx, repo, issue.authorId),
    active_lock_reason: null,
    body: issue.body,
    closed_by: renderUserById(ctx, issue.closedById),
    reactions: renderReactions(ctx, url, 'issue', issue.id),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    ...(pull === undefined ? {} : pullLinks(ctx, repo, pull)),
  };
}

function pullLinks(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const page = `${repositoryPage(ctx, repo)}/pull/${pull.number}`;
  return {
    draft: pull.draft,
    pull_request: {
      url: `${repositoryURL(ctx, repo)}/pulls/${pull.number}`,
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      merged_at: pull.mergedAt,
    },
  };
}

/** OpenAPI `issue-comment`. */
export function renderComment(ctx: Context, repo: RepositoryRow, issue: IssueRow, comment: CommentRow) {
  const url = `${repositoryURL(ctx, repo)}/issues/comments/${comment.id}`;
  return {
    url,
    html_url: `${issuePage(ctx, repo, issue)}#issuecomment-${comment.id}`,
    issue_url: `${repositoryURL(ctx, repo)}/issues/${issue.number}`,
    id: comment.id,
    node_id: nodeId('comment', comment.id),
    user: renderUserById(ctx, comment.authorId),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(ctx, repo, comment.authorId),
    body: comment.body,
    reactions: renderReactions(ctx, url, 'comment', comment.id),
    performed_via_github_app: null,
  };
}
