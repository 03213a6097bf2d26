import type { Context } from '../context.ts';
import {
  nodeId,
  type PullRow,
  type RepositoryRow,
  type ReviewCommentRow,
  type ReviewRow,
  type ThreadRow,
} from '../store/index.ts';
import { association } from './association.ts';
import { pullPage, pullURL } from './pull.ts';
import { renderReactions } from './reaction.ts';
import { repositoryURL } from './repository.ts';
import { renderUserById } from './user.ts';

export const reviewPage = (ctx: Context, repo: RepositoryRow, pull: PullRow, review: ReviewRow) =>
  `${pullPage(ctx, repo, pull)}#pullrequestreview-${review.id}`;

export const reviewCommentPage = (ctx: Context, repo: RepositoryRow, pull: PullRow, comment: ReviewCommentRow) =>
  `${pullPage(ctx, repo, pull)}#discussion_r${comment.id}`;

/** OpenAPI `pull-request-review`. */
export function renderReview(ctx: Context, repo: RepositoryRow, pull: PullRow, review: ReviewRow) {
  const page = reviewPage(ctx, repo, pull, review);
  const url = pullURL(ctx, repo, pull);
  return {
    id: review.id,
    node_id: nodeId('review', review.id),
    user: renderUserById(ctx, review.authorId),
    body: review.body,
    state: review.state,
    html_url: page,
    pull_request_url: url,
    author_association: association(ctx, repo, review.authorId),
    _links: { html: { href: page }, pull_request: { href: url } },
    submitted_at: review.submittedAt,
    commit_id: review.commitId,
  };
}

/** The review as webhooks carry it: states in lower case. */
export function renderReviewEvent(ctx: Context, repo: RepositoryRow, pull: PullRow, review: ReviewRow) {
  return {
    ...renderReview(ctx, repo, pull, review),
    state: review.state.toLowerCase(),
    updated_at: review.submittedAt,
  };
}

/** OpenAPI `pull-request-review-comment`. `line` and `position` are null once the thread is outdated. */
export function renderReviewComment(ctx: Context, repo: RepositoryRow, pull: PullRow, comment: ReviewCommentRow) {
  const thread = ctx.store.threads.get(comment.threadId) as ThreadRow;
  const url = `${repositoryURL(ctx, repo)}/pulls/comments/${comment.id}`;
  const page = reviewCommentPage(ctx, repo, pull, comment);
  const position = thread.diffHunk.split('\n').length - 1;
  return {
    url,
    pull_request_review_id: comment.reviewId,
    id: comment.id,
    node_id: nodeId('reviewComment', comment.id),
    diff_hunk: thread.diffHunk,
    path: thread.path,
    position: thread.line === null ? null : position,
    original_position: position,
    commit_id: thread.line === null ? thread.originalCommitId : thread.commitId,
    original_commit_id: thread.originalCommitId,
    user: renderUserById(ctx, comment.authorId),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    html_url: page,
    pull_request_url: pullURL(ctx, repo, pull),
    author_association: association(ctx, repo, comment.authorId),
    _links: { self: { href: url }, html: { href: page }, pull_request: { href: pullURL(ctx, repo, pull) } },
    reactions: renderReactions(ctx, url, 'reviewComment', comment.id),
    start_line: thread.startLine,
    original_start_line: thread.originalStartLine,
    start_side: thread.startSide,
    line: thread.line,
    original_line: thread.originalLine,
    side: thread.side,
    subject_type: 'line',
    ...(comment.inReplyToId === null ? {} : { in_reply_to_id: comment.inReplyToId }),
  };
}

export function commentsOf(ctx: Context, thread: ThreadRow): ReviewCommentRow[] {
  return ctx.store.reviewComments.find({ threadId: thread.id });
}

/** A thread as the pull_request_review_thread event carries it. */
export function renderThread(ctx: Context, repo: RepositoryRow, pull: PullRow, thread: ThreadRow) {
  const comments = commentsOf(ctx, thread).map((comment) => renderReviewComment(ctx, repo, pull, comment));
  return { node_id: nodeId('thread', thread.id), comments };
}
