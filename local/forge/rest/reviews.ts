import { type Static, Type } from 'typebox';
import { createReview, dismissReview, type NewReviewComment, replyInThread } from '../model/index.ts';
import { notFound, notServed, Refusal } from '../refusal.ts';
import { renderReview, renderReviewComment } from '../render/index.ts';
import type { ReviewCommentRow, ReviewRow } from '../store/index.ts';
import { created, ok, paged } from './answer.ts';
import { type Call, optional } from './call.ts';
import type { Routes } from './server.ts';

const Text = Type.String({ maxLength: 65_536 });
const Side = Type.Enum(['LEFT', 'RIGHT', 'side']);
const Comment = Type.Object({
  path: Type.String(),
  body: Text,
  line: optional(Type.Integer()),
  side: optional(Side),
  start_line: optional(Type.Integer()),
  start_side: optional(Side),
  position: optional(Type.Integer()),
});
const NewReview = Type.Object({
  event: optional(Type.Enum(['APPROVE', 'REQUEST_CHANGES', 'COMMENT'])),
  body: optional(Text),
  commit_id: optional(Type.String()),
  comments: optional(Type.Array(Comment, { maxItems: 500 })),
});
const Dismissal = Type.Object({ message: Type.String() });
const Reply = Type.Object({ body: Text });
const NewComment = Type.Interface([Comment], { commit_id: Type.String(), in_reply_to: optional(Type.Integer()) });

const STATES = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const;

export const reviewRoutes: Routes = {
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews': (call) => {
    const pull = call.pull();
    const { reviews } = call.ctx.store;
    return paged(call, reviews.count({ pullId: pull.id }), (limit, offset) =>
      reviews.find({ pullId: pull.id }, { limit, offset }).map((each) => renderReview(call.ctx, call.repo, pull, each)),
    );
  },

  'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews': async (call) => {
    const pull = call.pull();
    const { event, body = '', commit_id: commitId, comments = [] } = call.json(NewReview);
    if (event === undefined) throw notServed('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews without an event');
    const wanted = { state: STATES[event], body, commitId, comments: comments.map(readComment) };
    const review = await createReview(call.ctx, call.repo, pull, call.user, wanted);
    return ok(renderReview(call.ctx, call.repo, pull, review));
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}': (call) =>
    ok(renderReview(call.ctx, call.repo, call.pull(), review(call))),

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments': (call) => {
    const { reviewComments } = call.ctx.store;
    const where = { reviewId: review(call).id };
    return paged(call, reviewComments.count(where), (limit, offset) =>
      reviewComments.find(where, { limit, offset }).map((each) => commentBody(call, each)),
    );
  },

  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals': (call) => {
    const pull = call.pull();
    call.need('write');
    call.json(Dismissal);
    const dismissed = dismissReview(call.ctx, call.repo, pull, review(call), call.user);
    return ok(renderReview(call.ctx, call.repo, pull, dismissed));
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments': (call) => {
    const { reviewComments } = call.ctx.store;
    const where = { pullId: call.pull().id };
    return paged(call, reviewComments.count(where), (limit, offset) =>
      reviewComments.find(where, { limit, offset }).map((each) => commentBody(call, each)),
    );
  },

  'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments': async (call) => {
    const pull = call.pull();
    const { commit_id: commitId, in_reply_to: inReplyTo, ...comment } = call.json(NewComment);
    if (inReplyTo !== undefined) return created(commentBody(call, reply(call, inReplyTo, comment.body)));
    const wanted = { state: 'COMMENTED' as const, body: '', commitId, comments: [readComment(comment)] };
    const made = await createReview(call.ctx, call.repo, pull, call.user, wanted);
    return created(commentBody(call, call.ctx.store.reviewComments.first({ reviewId: made.id })!));
  },

  'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies': (call) =>
    created(commentBody(call, reply(call, call.id('comment_id'), call.json(Reply).body))),

  'GET /repos/{owner}/{repo}/pulls/comments/{comment_id}': (call) => {
    const found = call.ctx.store.reviewComments.get(call.id('comment_id'));
    if (found === undefined || found.repoId !== call.repo.id) throw notFound();
    return ok(commentBody(call, found));
  },
};

function review(call: Call): ReviewRow {
  const found = call.ctx.store.reviews.get(call.id('review_id'));
  if (found === undefined || found.pullId !== call.pull().id) throw notFound();
  return found;
}

function reply(call: Call, commentId: number, body: string): ReviewCommentRow {
  const pull = call.pull();
  const root = call.ctx.store.reviewComments.get(commentId);
  if (root === undefined || root.pullId !== pull.id) throw notFound();
  const thread = call.ctx.store.threads.get(root.threadId)!;
  return replyInThread(call.ctx, call.repo, pull, call.user, thread, body);
}

function readComment(comment: Static<typeof Comment>): NewReviewComment {
  const { path, body, line } = comment;
  if (line === undefined) {
    if (comment.position === undefined) throw new Refusal(422, 'Invalid request.\n\n"line" wasn\'t supplied.');
    throw notServed('review comments placed by position instead of line');
  }
  const side = comment.side === 'LEFT' ? 'LEFT' : 'RIGHT';
  const startLine = comment.start_line ?? null;
  const startSide = startLine === null ? null : comment.start_side === 'LEFT' ? 'LEFT' : 'RIGHT';
  return { path, body, line, side, startLine, startSide };
}

const commentBody = (call: Call, row: ReviewCommentRow) =>
  renderReviewComment(call.ctx, call.repo, call.ctx.store.pulls.get(row.pullId)!, row);
