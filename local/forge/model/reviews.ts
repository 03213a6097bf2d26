import { type Context, now } from '../context.ts';
import { type FileChange, hunkAt } from '../git/index.ts';
import { invalid, Refusal } from '../refusal.ts';
import { renderPullSimple, renderReviewComment, renderReviewEvent } from '../render/index.ts';
import type { PullRow, RepositoryRow, ReviewCommentRow, ReviewRow, Side, ThreadRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import { touchIssue } from './issues.ts';

export interface NewReviewComment {
  readonly path: string;
  readonly body: string;
  readonly line: number;
  readonly side: Side;
  readonly startLine: number | null;
  readonly startSide: Side | null;
}

export interface NewReview {
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
  readonly body: string;
  /** The head reviewed; default the current one. Must be a commit of the pull request. */
  readonly commitId?: string;
  readonly comments: readonly NewReviewComment[];
}

/** Submits a review with its comments on lines. 422 for one's own pull request, a foreign commit, lines outside of the diff. */
export async function createReview(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  author: UserRow,
  wanted: NewReview,
): Promise<ReviewRow> {
  refuseReview(ctx, pull, author, wanted);
  const commitId = wanted.commitId ?? pull.headSha;
  await refuseForeignCommit(ctx, repo, pull, commitId);
  const files = wanted.comments.length === 0 ? [] : await ctx.git(repo).diff(pull.stats.mergeBase, commitId);
  const threads = wanted.comments.map((comment) => placeThread(repo, pull, commitId, files, comment));
  return ctx.store.transaction(() => {
    const review = insertReview(ctx, repo, pull, author, { ...wanted, commitId });
    for (const [index, comment] of wanted.comments.entries()) {
      const thread = ctx.store.threads.insert(threads[index]!);
      insertComment(ctx, repo, pull, review, thread, comment.body, null);
    }
    sayReview(ctx, repo, pull, review, author, 'submitted');
    for (const comment of ctx.store.reviewComments.find({ reviewId: review.id })) {
      sayComment(ctx, repo, pull, comment, author);
    }
    return review;
  });
}

/** Answers in a thread. As on GitHub, the answer is a review of its own with the state COMMENTED. */
export function replyInThread(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  author: UserRow,
  thread: ThreadRow,
  body: string,
): ReviewCommentRow {
  return ctx.store.transaction(() => {
    const current = ctx.store.pulls.get(pull.id)!;
    const review = insertReview(ctx, repo, current, author, {
      state: 'COMMENTED',
      body: '',
      commitId: current.headSha,
    });
    const root = ctx.store.reviewComments.first({ threadId: thread.id });
    const comment = insertComment(ctx, repo, current, review, thread, body, root?.id ?? null);
    sayReview(ctx, repo, current, review, author, 'submitted');
    sayComment(ctx, repo, current, comment, author);
    return comment;
  });
}

/** Takes the force out of an approval or a request for changes. */
export function dismissReview(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  review: ReviewRow,
  actor: UserRow,
): ReviewRow {
  if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED') {
    throw new Refusal(422, 'Unprocessable Entity', [
      `Can not dismiss a ${review.state.toLowerCase()} pull request review`,
    ]);
  }
  return ctx.store.transaction(() => {
    const dismissed = ctx.store.reviews.update(review.id, { state: 'DISMISSED' });
    sayReview(ctx, repo, pull, dismissed, actor, 'dismissed');
    return dismissed;
  });
}

function refuseReview(ctx: Context, pull: PullRow, author: UserRow, wanted: NewReview): void {
  const own = ctx.store.issues.get(pull.issueId)?.authorId === author.id;
  const verb = wanted.state === 'APPROVED' ? 'approve' : 'request changes on';
  if (own && wanted.state !== 'COMMENTED') {
    throw new Refusal(422, 'Unprocessable Entity', [`Review Can not ${verb} your own pull request`]);
  }
  const empty = wanted.body.trim() === '' && wanted.comments.length === 0;
  if (empty && wanted.state !== 'APPROVED') {
    throw new Refusal(422, 'Unprocessable Entity', ['Review Body can not be blank']);
  }
}

async function refuseForeignCommit(ctx: Context, repo: RepositoryRow, pull: PullRow, sha: string): Promise<void> {
  if (sha === pull.headSha) return;
  const git = ctx.git(repo);
  const known = /^[0-9a-f]{40}$/.test(sha) && (await git.object(sha))?.type === 'commit';
  const inside = known && (await git.isAncestor(sha, pull.headSha)) && !(await git.isAncestor(sha, pull.baseSha));
  // GitHub also takes commits that a force push removed, as long as they were the head at some time.
  if (!inside && !ctx.store.reviews.first({ pullId: pull.id, commitId: sha })) {
    throw new Refusal(422, 'Unprocessable Entity', ['Commit is not part of the pull request']);
  }
}

function placeThread(
  repo: RepositoryRow,
  pull: PullRow,
  commitId: string,
  files: readonly FileChange[],
  comment: NewReviewComment,
): Omit<ThreadRow, 'id'> {
  const file = files.find((each) => each.filename === comment.path);
  if (file === undefined) throw unplaceable('Path could not be resolved');
  const diffHunk = file.patch === null ? null : hunkAt(file.patch, comment.line, comment.side);
  if (diffHunk === null) throw unplaceable('Line could not be resolved');
  return {
    repoId: repo.id,
    pullId: pull.id,
    path: comment.path,
    side: comment.side,
    startSide: comment.startSide,
    line: comment.line,
    startLine: comment.startLine,
    originalLine: comment.line,
    originalStartLine: comment.startLine,
    commitId,
    originalCommitId: commitId,
    diffHunk,
    resolvedById: null,
  };
}

const unplaceable = (message: string) => new Refusal(422, 'Unprocessable Entity', [message]);

function insertReview(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  author: UserRow,
  fields: Pick<ReviewRow, 'state' | 'body' | 'commitId'>,
): ReviewRow {
  const { state, body, commitId } = fields;
  touchIssue(ctx, pull.issueId);
  const requestedReviewerIds = pull.requestedReviewerIds.filter((id) => id !== author.id);
  ctx.store.pulls.update(pull.id, { requestedReviewerIds });
  const submittedAt = now(ctx);
  return ctx.store.reviews.insert({
    repoId: repo.id,
    pullId: pull.id,
    authorId: author.id,
    state,
    body,
    commitId,
    submittedAt,
  });
}

function insertComment(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  review: ReviewRow,
  thread: ThreadRow,
  body: string,
  inReplyToId: number | null,
): ReviewCommentRow {
  if (body.trim() === '') throw invalid('PullRequestReviewComment', 'body', 'missing_field');
  const at = now(ctx);
  return ctx.store.reviewComments.insert({
    repoId: repo.id,
    pullId: pull.id,
    reviewId: review.id,
    threadId: thread.id,
    authorId: review.authorId,
    body,
    inReplyToId,
    createdAt: at,
    updatedAt: at,
  });
}

function sayReview(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  review: ReviewRow,
  sender: UserRow,
  action: string,
): void {
  const current = ctx.store.pulls.get(pull.id)!;
  const fields = {
    review: renderReviewEvent(ctx, repo, current, review),
    pull_request: renderPullSimple(ctx, repo, current),
  };
  emit(ctx, repo, { event: 'pull_request_review', action, sender, fields });
}

function sayComment(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  comment: ReviewCommentRow,
  sender: UserRow,
): void {
  const current = ctx.store.pulls.get(pull.id)!;
  const fields = {
    comment: renderReviewComment(ctx, repo, current, comment),
    pull_request: renderPullSimple(ctx, repo, current),
  };
  emit(ctx, repo, { event: 'pull_request_review_comment', action: 'created', sender, fields });
}
