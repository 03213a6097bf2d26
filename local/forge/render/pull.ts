import type { Context } from '../context.ts';
import { type IssueRow, nodeId, type PullRow, type RepositoryRow } from '../store/index.ts';
import { association } from './association.ts';
import { labelsOf, renderLabel } from './issue.ts';
import { mergeMethods, ownerOf, renderRepository, repositoryPage, repositoryURL } from './repository.ts';
import { renderUser, renderUserById } from './user.ts';

const issueOf = (ctx: Context, pull: PullRow): IssueRow => ctx.store.issues.get(pull.issueId)!;
export const pullURL = (ctx: Context, repo: RepositoryRow, pull: PullRow) =>
  `${repositoryURL(ctx, repo)}/pulls/${pull.number}`;
export const pullPage = (ctx: Context, repo: RepositoryRow, pull: PullRow) =>
  `${repositoryPage(ctx, repo)}/pull/${pull.number}`;

function renderEnd(ctx: Context, repo: RepositoryRow, ref: string, sha: string) {
  const owner = ownerOf(ctx, repo);
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: renderUser(ctx, owner),
    repo: {
      ...renderRepository(ctx, repo),
      ...mergeMethods(repo),
      allow_auto_merge: false,
      allow_update_branch: false,
      delete_branch_on_merge: false,
      use_squash_pr_title_as_default: false,
      squash_merge_commit_title: 'COMMIT_OR_PR_TITLE',
      squash_merge_commit_message: 'COMMIT_MESSAGES',
      merge_commit_title: 'MERGE_MESSAGE',
      merge_commit_message: 'PR_TITLE',
    },
  };
}

function renderLinks(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const url = pullURL(ctx, repo, pull);
  const issue = `${repositoryURL(ctx, repo)}/issues/${pull.number}`;
  return {
    self: { href: url },
    html: { href: pullPage(ctx, repo, pull) },
    issue: { href: issue },
    comments: { href: `${issue}/comments` },
    review_comments: { href: `${url}/comments` },
    review_comment: { href: `${repositoryURL(ctx, repo)}/pulls/comments{/number}` },
    commits: { href: `${url}/commits` },
    statuses: { href: `${repositoryURL(ctx, repo)}/statuses/${pull.headSha}` },
  };
}

/** OpenAPI `pull-request-simple`, as lists show it. */
export function renderPullSimple(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const issue = issueOf(ctx, pull);
  const links = renderLinks(ctx, repo, pull);
  const page = pullPage(ctx, repo, pull);
  const people = (ids: number[]) => ids.map((id) => renderUserById(ctx, id)).filter((user) => user !== null);
  const assignees = people(issue.assigneeIds);
  return {
    url: links.self.href,
    id: pull.id,
    node_id: nodeId('pull', pull.id),
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: links.issue.href,
    number: pull.number,
    state: issue.state,
    locked: false,
    title: issue.title,
    user: renderUserById(ctx, issue.authorId),
    body: issue.body,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: people(pull.requestedReviewerIds),
    requested_teams: [],
    labels: labelsOf(ctx, issue).map((label) => renderLabel(ctx, repo, label)),
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits.href,
    review_comments_url: links.review_comments.href,
    review_comment_url: links.review_comment.href,
    comments_url: links.comments.href,
    statuses_url: links.statuses.href,
    head: renderEnd(ctx, repo, pull.headRef, pull.headSha),
    base: renderEnd(ctx, repo, pull.baseRef, pull.baseSha),
    _links: links,
    author_association: association(ctx, repo, issue.authorId),
    auto_merge: null,
    active_lock_reason: null,
  };
}

export interface MergeState {
  readonly mergeable: boolean | null;
  readonly state: 'behind' | 'blocked' | 'clean' | 'dirty' | 'draft' | 'unstable' | 'unknown';
}

/** OpenAPI `pull-request`. Without a merge state (webhooks carry none) mergeability reads as not computed yet. */
export function renderPull(ctx: Context, repo: RepositoryRow, pull: PullRow, merge?: MergeState) {
  return {
    ...renderPullSimple(ctx, repo, pull),
    merged: pull.mergedAt !== null,
    mergeable: merge?.mergeable ?? null,
    rebaseable: merge?.mergeable ?? null,
    mergeable_state: merge?.state ?? 'unknown',
    merged_by: renderUserById(ctx, pull.mergedById),
    comments: ctx.store.comments.count({ issueId: pull.issueId }),
    review_comments: ctx.store.reviewComments.count({ pullId: pull.id }),
    maintainer_can_modify: false,
    commits: pull.stats.commits,
    additions: pull.stats.additions,
    deletions: pull.stats.deletions,
    changed_files: pull.stats.changedFiles,
  };
}

/** OpenAPI `pull-request-minimal`: how checks refer to pull requests. */
export function renderPullMinimal(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const repository = { id: repo.id, url: repositoryURL(ctx, repo), name: repo.name };
  return {
    id: pull.id,
    number: pull.number,
    url: pullURL(ctx, repo, pull),
    head: { ref: pull.headRef, sha: pull.headSha, repo: repository },
    base: { ref: pull.baseRef, sha: pull.baseSha, repo: repository },
  };
}
