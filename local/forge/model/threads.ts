import type { Context } from '../context.ts';
import { renderPullSimple, renderThread } from '../render/index.ts';
import type { RepositoryRow, ThreadRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import { touchIssue } from './issues.ts';

/** Resolves or reopens a thread; the same again says nothing. */
export function setResolved(
  ctx: Context,
  repo: RepositoryRow,
  thread: ThreadRow,
  actor: UserRow,
  resolved: boolean,
): ThreadRow {
  if ((thread.resolvedById !== null) === resolved) return thread;
  return ctx.store.transaction(() => {
    const next = ctx.store.threads.update(thread.id, { resolvedById: resolved ? actor.id : null });
    const pull = ctx.store.pulls.get(thread.pullId)!;
    touchIssue(ctx, pull.issueId);
    const fields = { pull_request: renderPullSimple(ctx, repo, pull), thread: renderThread(ctx, repo, pull, next) };
    const action = resolved ? 'resolved' : 'unresolved';
    emit(ctx, repo, { event: 'pull_request_review_thread', action, sender: actor, fields });
    return next;
  });
}
