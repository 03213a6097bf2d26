import { type Context, now } from '../context.ts';
import { fullName } from '../render/index.ts';
import type { IssueRow, PullRow, RepositoryRow, UserRow } from '../store/index.ts';
import { closingNumbers } from './closing.ts';
import { recordMerge } from './history.ts';
import { emitPull } from './issues.ts';

/** The repository's open issues that a text closes by keyword. */
export function closeMentioned(ctx: Context, repo: RepositoryRow, text: string): IssueRow[] {
  const issues = closingNumbers(text, fullName(ctx, repo)).map((number) =>
    ctx.store.issues.first({ repoId: repo.id, number }),
  );
  return issues.filter((issue) => issue !== undefined && !issue.isPull && issue.state === 'open') as IssueRow[];
}

/**
 * Records that a pull request is merged as `sha` and says so. Returns the issues its body closes, if it went into the default branch.
 * Inside the transaction that observed the base branch.
 */
export function finishMerge(
  ctx: Context,
  repo: RepositoryRow,
  before: PullRow,
  sha: string,
  pusher: UserRow,
): IssueRow[] {
  const at = now(ctx);
  const merger = (before.mergeIntent && ctx.store.users.get(before.mergeIntent.userId)) ?? pusher;
  const issue = ctx.store.issues.update(before.issueId, {
    state: 'closed',
    closedAt: at,
    closedById: merger.id,
    updatedAt: at,
  });
  const pull = ctx.store.pulls.update(before.id, {
    mergedAt: at,
    mergedById: merger.id,
    mergeCommitSha: sha,
    mergeIntent: null,
  });
  recordMerge(ctx, repo, issue.id, merger, sha);
  emitPull(ctx, repo, pull, 'closed', merger);
  return pull.baseRef === repo.defaultBranch ? closeMentioned(ctx, repo, issue.body ?? '') : [];
}
