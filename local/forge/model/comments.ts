import { type Context, now } from '../context.ts';
import { renderComment, renderIssue } from '../render/index.ts';
import type { CommentRow, IssueRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import { touchIssue } from './issues.ts';

export function createComment(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  author: UserRow,
  body: string,
): CommentRow {
  return ctx.store.transaction(() => {
    const at = now(ctx);
    const comment = ctx.store.comments.insert({
      repoId: repo.id,
      issueId: issue.id,
      authorId: author.id,
      body,
      createdAt: at,
      updatedAt: at,
    });
    say(ctx, repo, comment, 'created', author);
    return comment;
  });
}

export function editComment(ctx: Context, repo: RepositoryRow, id: number, editor: UserRow, body: string): CommentRow {
  return ctx.store.transaction(() => {
    const before = ctx.store.comments.get(id)!;
    const comment = ctx.store.comments.update(id, { body, updatedAt: now(ctx) });
    say(ctx, repo, comment, 'edited', editor, { changes: { body: { from: before.body } } });
    return comment;
  });
}

export function deleteComment(ctx: Context, repo: RepositoryRow, id: number, actor: UserRow): void {
  ctx.store.transaction(() => {
    const comment = ctx.store.comments.get(id)!;
    ctx.store.comments.delete(id);
    say(ctx, repo, comment, 'deleted', actor);
  });
}

function say(
  ctx: Context,
  repo: RepositoryRow,
  comment: CommentRow,
  action: string,
  sender: UserRow,
  extra: Record<string, unknown> = {},
): void {
  const issue = touchIssue(ctx, comment.issueId);
  const fields = { issue: renderIssue(ctx, repo, issue), comment: renderComment(ctx, repo, issue, comment), ...extra };
  emit(ctx, repo, { event: 'issue_comment', action, sender, fields });
}
