import {
  closingNumbers,
  hasMergeQueue,
  latestOpinions,
  mergeability,
  mergeState,
  needsReview,
} from '../../model/index.ts';
import { allows, fullName, ownerOf, permissionOf, pullPage } from '../../render/index.ts';
import { nodeId, type ReviewRow } from '../../store/index.ts';
import { connect } from '../connection.ts';
import {
  type CommitNode,
  commitNode,
  type Fields,
  type GraphRequest,
  issueNode,
  type PullNode,
  repositoryNode,
  threadNode,
  userById,
  userNode,
} from '../nodes.ts';
import { rollupOf } from './check.ts';
import { issueFields, pullSubject } from './issue.ts';
import { refNode } from './repository.ts';

export const PullRequest: Fields<PullNode> = {
  ...issueFields(pullSubject),
  id: ({ pull }) => nodeId('pull', pull.id),
  databaseId: ({ pull }) => pull.id,
  fullDatabaseId: ({ pull }) => String(pull.id),
  state: (node, _, request) => (node.pull.mergedAt ? 'MERGED' : pullSubject(node, request).issue.state.toUpperCase()),
  isDraft: ({ pull }) => pull.draft,
  isCrossRepository: () => false,
  merged: ({ pull }) => pull.mergedAt !== null,
  mergedAt: ({ pull }) => pull.mergedAt,
  mergedBy: ({ pull }, _, request) => userById(request, pull.mergedById),
  mergeCommit: ({ repo, pull }, _, request) => commitNode(request, repo, pull.mergeCommitSha),
  mergeable: async ({ repo, pull }, _, { ctx }) => {
    if (ctx.store.issues.get(pull.issueId)?.state === 'closed') return 'UNKNOWN';
    const clean = await mergeability(ctx, repo, pull);
    return clean === null ? 'UNKNOWN' : clean ? 'MERGEABLE' : 'CONFLICTING';
  },
  mergeStateStatus: async ({ repo, pull }, _, { ctx }) => (await mergeState(ctx, repo, pull)).state.toUpperCase(),
  headRefName: ({ pull }) => pull.headRef,
  headRefOid: ({ pull }) => pull.headSha,
  headRef: ({ repo, pull }, _, request) => refNode(request, repo, `refs/heads/${pull.headRef}`),
  headRepository: ({ repo }) => repositoryNode(repo),
  headRepositoryOwner: ({ repo }, _, { ctx }) => userNode(ownerOf(ctx, repo)),
  baseRefName: ({ pull }) => pull.baseRef,
  baseRefOid: ({ pull }) => pull.baseSha,
  baseRef: ({ repo, pull }, _, request) => refNode(request, repo, `refs/heads/${pull.baseRef}`),
  baseRepository: ({ repo }) => repositoryNode(repo),
  additions: ({ pull }) => pull.stats.additions,
  deletions: ({ pull }) => pull.stats.deletions,
  changedFiles: ({ pull }) => pull.stats.changedFiles,
  permalink: ({ repo, pull }, _, { ctx }) => pullPage(ctx, repo, pull),
  commits: async ({ repo, pull }, args, { ctx }) => {
    const range = `${pull.stats.mergeBase}..${pull.headSha}`;
    const commits = await ctx.git(repo).commits('--reverse', '--topo-order', range);
    return connect(commits, args, (commit) => ({ pull, commit: { __typename: 'Commit', repo, commit } as const }));
  },
  statusCheckRollup: ({ repo, pull }, _, { ctx }) => rollupOf(ctx, repo, pull.headSha),
  reviews: ({ repo, pull }, args, { ctx }) => {
    const states = args.states as string[] | null | undefined;
    const author = args.author as string | null | undefined;
    const reviews = ctx.store.reviews
      .find({ pullId: pull.id })
      .filter((review) => states == null || states.includes(review.state))
      .filter((review) => author == null || ctx.store.users.get(review.authorId)?.loginKey === author.toLowerCase());
    return connect(reviews, args, (review) => ({ __typename: 'PullRequestReview', repo, pull, review }));
  },
  latestOpinionatedReviews: (node, args, request) => {
    const all = latestOpinions(request.ctx, node.pull);
    const shown = args.writersOnly === true ? all.filter((review) => mayWrite(node, request, review)) : all;
    return connect(shown, args, (review) => ({ ...node, __typename: 'PullRequestReview', review }));
  },
  reviewDecision: (node, _, request) => {
    const opinions = latestOpinions(request.ctx, node.pull).filter((review) => mayWrite(node, request, review));
    if (opinions.some((review) => review.state === 'CHANGES_REQUESTED')) return 'CHANGES_REQUESTED';
    if (needsReview(request.ctx, node.repo, node.pull)) return 'REVIEW_REQUIRED';
    return opinions.some((review) => review.state === 'APPROVED') ? 'APPROVED' : null;
  },
  isMergeQueueEnabled: ({ repo, pull }, _, { ctx }) => hasMergeQueue(ctx, repo, pull.baseRef),
  // Nothing is queued here: a branch with a queue refuses the merge, and the queue stays empty.
  isInMergeQueue: () => false,
  mergeQueueEntry: () => null,
  autoMergeRequest: () => null,
  reviewThreads: ({ repo, pull }, args, { ctx }) =>
    connect(ctx.store.threads.find({ pullId: pull.id }), args, (thread) => threadNode(repo, pull, thread)),
  reviewRequests: ({ pull }, args) => connect(pull.requestedReviewerIds, args, (userId) => ({ pull, userId })),
  closingIssuesReferences: (node, args, request) => {
    const { repo, pull } = node;
    const { ctx } = request;
    const text = pull.baseRef === repo.defaultBranch ? (pullSubject(node, request).issue.body ?? '') : '';
    const issues = closingNumbers(text, fullName(ctx, repo))
      .map((number) => ctx.store.issues.first({ repoId: repo.id, number }))
      .filter((issue) => issue !== undefined && !issue.isPull);
    return connect(issues, args, (issue) => issueNode(repo, issue!));
  },
};

const mayWrite = ({ repo }: PullNode, { ctx }: GraphRequest, review: ReviewRow) =>
  allows(permissionOf(ctx, repo, review.authorId), 'write');

export const PullRequestCommit: Fields<{ pull: PullNode['pull']; commit: CommitNode }> = {
  id: ({ pull, commit }) => nodeId('commit', `${pull.id}:${commit.commit.sha}`),
  commit: ({ commit }) => commit,
};

export const ReviewRequest: Fields<{ pull: PullNode['pull']; userId: number }> = {
  id: ({ pull, userId }) => nodeId('review', `${pull.id}:${userId}`),
  databaseId: ({ userId }) => userId,
  asCodeOwner: () => false,
  requestedReviewer: ({ userId }, _, request) => userById(request, userId),
};
