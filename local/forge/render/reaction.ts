import type { Context } from '../context.ts';
import { nodeId, type ReactionContent, type ReactionRow, type ReactionSubject } from '../store/index.ts';
import { renderUserById } from './user.ts';

const NONE: Readonly<Record<ReactionContent, number>> = {
  '+1': 0,
  '-1': 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
};

/** OpenAPI `reaction-rollup` of what is at `url`. */
export function renderReactions(ctx: Context, url: string, subject: ReactionSubject, subjectId: number) {
  const rows = ctx.store.reactions.find({ subject, subjectId });
  const counts = { ...NONE };
  for (const { content } of rows) counts[content]++;
  return { url: `${url}/reactions`, total_count: rows.length, ...counts };
}

/** OpenAPI `reaction`. */
export function renderReaction(ctx: Context, row: ReactionRow) {
  return {
    id: row.id,
    node_id: nodeId('reaction', row.id),
    user: renderUserById(ctx, row.userId),
    content: row.content,
    created_at: row.createdAt,
  };
}
