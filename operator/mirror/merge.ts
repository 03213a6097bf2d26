import type { CheckFacts, PullRequestFacts, PullRequestSummary, ReviewFacts } from '#lib/forge';

/** A pull request as the mirror's tables hold it. */
export interface PullRow {
  readonly summary: PullRequestSummary;
  readonly live: PullRequestFacts | null;
  /** Milliseconds since the epoch. */
  readonly liveAt: number;
  readonly threadsTouchedAt: number;
  readonly observedAt: number;
}

/**
 * One view of a pull request out of what deliveries told and the newest whole read. Lists that deliveries cannot tell (commits,
 * closing references, threads) are complete only while the whole read is of this head and nothing has touched them since.
 */
export function mergeFacts(
  row: PullRow,
  checks: readonly CheckFacts[],
  reviews: readonly ReviewFacts[],
): PullRequestFacts {
  const { summary } = row;
  const live = row.live?.head.sha === summary.head.sha ? row.live : null;
  const sameBase = live?.base.sha === summary.base.sha;
  const sameText = live?.body === summary.body;
  const threads = live !== null && row.liveAt >= row.threadsTouchedAt;
  return {
    ...summary,
    mergeable: live !== null && sameBase ? live.mergeable : 'unknown',
    containsBase: live !== null && sameBase ? live.containsBase : null,
    mergedBy: row.live?.mergedBy ?? null,
    closingIssues: live?.closingIssues ?? [],
    commits: live?.commits ?? [],
    threads: live?.threads ?? [],
    checks: newest(
      live?.checks ?? [],
      checks,
      (check) => `${check.app ?? ''}/${check.id}`,
      (check) => rank(check),
    ),
    reviews: newest(
      live?.reviews ?? [],
      reviews,
      (review) => String(review.id),
      () => 0,
    ),
    complete: {
      commits: live?.complete.commits ?? false,
      closingIssues: live !== null && sameText && live.complete.closingIssues,
      threads: threads && live.complete.threads,
      // Deliveries tell every check and review; a lost one only delays, because a merge is decided on a whole read.
      checks: true,
      reviews: true,
      labels: true,
    },
  };
}

/** A check only moves forward: queued, in progress, completed. */
function rank(check: CheckFacts): number {
  return { queued: 0, in_progress: 1, completed: 2 }[check.status];
}

/** Both lists by key; of two with one key the later list's wins unless it is behind. */
function newest<T>(
  first: readonly T[],
  second: readonly T[],
  key: (item: T) => string,
  progress: (item: T) => number,
): T[] {
  const byKey = new Map(first.map((item) => [key(item), item]));
  for (const item of second) {
    const known = byKey.get(key(item));
    if (known === undefined || progress(item) >= progress(known)) byKey.set(key(item), item);
  }
  return [...byKey.values()];
}
