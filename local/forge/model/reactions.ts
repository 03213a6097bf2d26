import { type Context, now } from '../context.ts';
import type { ReactionRow, RepositoryRow, UserRow } from '../store/index.ts';

/** Adds a user's reaction; the same again is the one that is there. GitHub tells nobody. */
export function react(
  ctx: Context,
  repo: RepositoryRow,
  user: UserRow,
  wanted: Pick<ReactionRow, 'subject' | 'subjectId' | 'content'>,
): { reaction: ReactionRow; created: boolean } {
  return ctx.store.transaction(() => {
    const found = ctx.store.reactions.first({ ...wanted, userId: user.id });
    if (found !== undefined) return { reaction: found, created: false };
    const fields = { ...wanted, repoId: repo.id, userId: user.id, createdAt: now(ctx) };
    return { reaction: ctx.store.reactions.insert(fields), created: true };
  });
}
