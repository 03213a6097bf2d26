import type { IssueSpec } from '../events/catalogue.ts';

const rank = { critical: 0, high: 1, normal: 2, low: 3 } as const satisfies Record<IssueSpec['priority'], number>;

/** Rank of a priority in the queue: lower goes first; within a rank the oldest goes first. */
export function priorityRank(priority: IssueSpec['priority']): number {
  return rank[priority];
}
