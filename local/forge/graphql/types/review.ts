import { can } from '../../model/index.ts';
import { association, commentsOf, reviewCommentPage, reviewPage } from '../../render/index.ts';
import { nodeId, type ReviewCommentRow, type ThreadRow } from '../../store/index.ts';
import { connect } from '../connection.ts';
import {
  commitNode,
  type Fields,
  type GraphRequest,
  pullNode,
  type ReviewCommentNode,
  type ReviewNode,
  repositoryNode,
  type ThreadNode,
  userById,
} from '../nodes.ts';

export const commentNode = (node: ThreadNode | ReviewNode, comment: ReviewCommentRow): ReviewCommentNode => ({
  __typename: 'PullRequestReviewComment',
  repo: node.repo,
  pull: node.pull,
  comment,
});

export const PullRequestReview: Fields<ReviewNode> = {
  id: ({ review }) => nodeId('review', review.id),
  databaseId: ({ review }) => review.id,
  fullDatabaseId: ({ review }) => String(review.id),
  state: ({ review }) => review.state,
  body: ({ review }) => review.body,
  author: ({ review }, _, request) => userById(request, review.authorId),
  authorAssociation: ({ repo, review }, _, { ctx }) => association(ctx, repo, review.authorId),
  authorCanPushToRepository: ({ repo, review }, _, { ctx }) =>
    can(ctx, { user: ctx.store.users.get(review.authorId)!, app: null }, repo, 'write'),
  commit: ({ repo, review }, _, request) => commitNode(request, repo, review.commitId),
  submittedAt: ({ review }) => review.submittedAt,
  createdAt: ({ review }) => review.submittedAt,
  updatedAt: ({ review }) => review.submittedAt,
  url: ({ repo, pull, review }, _, { ctx }) => reviewPage(ctx, repo, pull, review),
  comments: (node, args, { ctx }) =>
    connect(ctx.store.reviewComments.find({ reviewId: node.review.id }), args, (comment) => commentNode(node, comment)),
  pullRequest: ({ repo, pull }) => pullNode(repo, pull),
  repository: ({ repo }) => repositoryNode(repo),
};

/** Who opened the pull request and who may push resolve threads. */
export function mayResolve({ repo, pull }: ThreadNode, { ctx, actor }: GraphRequest): boolean {
  return ctx.store.issues.get(pull.issueId)?.authorId === actor.user.id || can(ctx, actor, repo, 'write');
}

export const PullRequestReviewThread: Fields<ThreadNode> = {
  id: ({ thread }) => nodeId('thread', thread.id),
  isResolved: ({ thread }) => thread.resolvedById !== null,
  isCollapsed: ({ thread }) => thread.resolvedById !== null,
  isOutdated: ({ thread }) => thread.line === null,
  resolvedBy: ({ thread }, _, request) => {
    const user = userById(request, thread.resolvedById);
    return user === null ? null : { ...user, __typename: 'User' };
  },
  path: ({ thread }) => thread.path,
  line: ({ thread }) => thread.line,
  startLine: ({ thread }) => thread.startLine,
  originalLine: ({ thread }) => thread.originalLine,
  originalStartLine: ({ thread }) => thread.originalStartLine,
  diffSide: ({ thread }) => thread.side,
  startDiffSide: ({ thread }) => thread.startSide,
  subjectType: () => 'LINE',
  comments: (node, args, { ctx }) =>
    connect(commentsOf(ctx, node.thread), args, (comment) => commentNode(node, comment)),
  pullRequest: ({ repo, pull }) => pullNode(repo, pull),
  repository: ({ repo }) => repositoryNode(repo),
  viewerCanReply: () => true,
  viewerCanResolve: (node, _, request) => node.thread.resolvedById === null && mayResolve(node, request),
  viewerCanUnresolve: (node, _, request) => node.thread.resolvedById !== null && mayResolve(node, request),
};

const threadOf = ({ comment }: ReviewCommentNode, { ctx }: GraphRequest): ThreadRow =>
  ctx.store.threads.get(comment.threadId)!;

export const PullRequestReviewComment: Fields<ReviewCommentNode> = {
  id: ({ comment }) => nodeId('reviewComment', comment.id),
  databaseId: ({ comment }) => comment.id,
  fullDatabaseId: ({ comment }) => String(comment.id),
  body: ({ comment }) => comment.body,
  author: ({ comment }, _, request) => userById(request, comment.authorId),
  authorAssociation: ({ repo, comment }, _, { ctx }) => association(ctx, repo, comment.authorId),
  createdAt: ({ comment }) => comment.createdAt,
  updatedAt: ({ comment }) => comment.updatedAt,
  path: (node, _, request) => threadOf(node, request).path,
  line: (node, _, request) => threadOf(node, request).line,
  originalLine: (node, _, request) => threadOf(node, request).originalLine,
  diffHunk: (node, _, request) => threadOf(node, request).diffHunk,
  outdated: (node, _, request) => threadOf(node, request).line === null,
  state: () => 'SUBMITTED',
  url: ({ repo, pull, comment }, _, { ctx }) => reviewCommentPage(ctx, repo, pull, comment),
  commit: (node, _, request) => commitNode(request, node.repo, threadOf(node, request).commitId),
  originalCommit: (node, _, request) => commitNode(request, node.repo, threadOf(node, request).originalCommitId),
  replyTo: (node, _, { ctx }) => {
    const root = node.comment.inReplyToId === null ? undefined : ctx.store.reviewComments.get(node.comment.inReplyToId);
    return root === undefined ? null : { ...node, comment: root };
  },
  pullRequest: ({ repo, pull }) => pullNode(repo, pull),
  repository: ({ repo }) => repositoryNode(repo),
};
