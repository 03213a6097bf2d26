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
    mergeQueue: live?.mergeQueue ?? 'unknown',
    mergedBy: row.live?.mergedBy ?? null,
    // Deliveries and listings tell that it was merged, a whole read besides by whom: until then it is not known as what.
    mergeSHA: row.live?.state === 'merged' ? row.live.mergeSHA : null,
    closingIssues: live?.closingIssues ?? [],
    commits: live?.commits ?? [],
    threads: live?.threads ?? [],
    checks: ahead(live?.checks ?? [], checks, (check) => `${check.app ?? ''}/${check.id}`, compareChecks),
    reviews: ahead(live?.reviews ?? [], reviews, (review) => String(review.id), compareReviews),
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

/** A check only moves forward: completed stays so, of two reports alike in that the later one counts. Negative when `a` is behind. */
function compareChecks(a: CheckFacts, b: CheckFacts): number {
  const completed = Number(a.status === 'completed') - Number(b.status === 'completed');
  const started = Number(a.status === 'in_progress') - Number(b.status === 'in_progress');
  return completed || momentOf(a) - momentOf(b) || started;
}

function momentOf({ completedAt, startedAt }: CheckFacts): number {
  return Date.parse(completedAt ?? startedAt) || 0;
}

/** A review is submitted once, and a dismissal is for good. */
function compareReviews(a: ReviewFacts, b: ReviewFacts): number {
  const place = { pending: 0, commented: 1, approved: 1, changes_requested: 1, dismissed: 2 };
  return place[a.state] - place[b.state];
}

/** Both lists by key; of two with one key the one that is further, and the second list's where neither is. */
function ahead<T>(
  first: readonly T[],
  second: readonly T[],
  key: (item: T) => string,
  compare: (a: T, b: T) => number,
): T[] {
  const byKey = new Map(first.map((item) => [key(item), item]));
  for (const item of second) {
    const known = byKey.get(key(item));
    if (known === undefined || compare(item, known) >= 0) byKey.set(key(item), item);
  }
  return [...byKey.values()];
}
