import type { Context } from '../context.ts';
import { allows, permissionOf } from '../render/index.ts';
import type { PullRow, RepositoryRow, ReviewRow } from '../store/index.ts';

/** The latest review with an opinion of each reviewer; a dismissed one is none. */
export function latestOpinions(ctx: Context, pull: PullRow): ReviewRow[] {
  const latest = new Map<number, ReviewRow>();
  for (const review of ctx.store.reviews.find({ pullId: pull.id })) {
    if (review.state !== 'COMMENTED') latest.set(review.authorId, review);
  }
  return [...latest.values()].filter((review) => review.state !== 'DISMISSED');
}

/** The opinions that protection counts: of people who may write. */
export function writersOpinions(ctx: Context, repo: RepositoryRow, pull: PullRow): ReviewRow[] {
  return latestOpinions(ctx, pull).filter((review) => allows(permissionOf(ctx, repo, review.authorId), 'write'));
}
