import type { Actor, CheckFacts, CommitFacts, PullRequestFacts, ReviewFacts, ThreadFacts } from '../facts.ts';

/** The moment at which the worlds of these tests are looked at, in ms. */
export const NOON = Date.parse('2026-03-02T12:00:00Z');
/** RFC 3339, `seconds` after noon. */
export const at = (seconds: number): string => new Date(NOON + seconds * 1_000).toISOString();
/** A commit id that says which one it is. */
export const sha = (digit: string): string => digit.repeat(40).slice(0, 40);

export const REPOSITORY = 700;
export const ISSUE = 12;
export const PULL = 34;
export const BRANCH = 'rig/fix-parser/1';
export const HEAD = sha('a');
export const OLD_HEAD = sha('b');
export const BASE = sha('c');

const user = (id: number, login: string): Actor => ({ id, login, kind: 'user' });
/** Accounts at the forge: machines of the rig, people with and without write permission, and a foreign bot. */
export const conductor = user(100, 'rig-conductor');
export const devE = user(101, 'dev-e');
export const reviewE = user(102, 'review-e');
export const ada = user(1, 'ada');
export const owner = user(2, 'olga');
export const reader = user(3, 'rick');
export const outsider = user(4, 'oscar');
export const stranger = user(5, 'sam');
export const bot: Actor = { id: 6, login: 'renovate[bot]', kind: 'bot' };

export function check(over: Partial<CheckFacts> = {}): CheckFacts {
  return {
    id: 1,
    name: 'test',
    app: 'github-actions',
    headSHA: HEAD,
    branch: BRANCH,
    status: 'completed',
    conclusion: 'success',
    startedAt: at(-120),
    completedAt: at(-60),
    summary: '',
    url: null,
    ...over,
  };
}

export function review(over: Partial<ReviewFacts> = {}): ReviewFacts {
  return { id: 51, author: reviewE, state: 'approved', commitSHA: HEAD, submittedAt: at(-30), body: '', ...over };
}

export function thread(over: Partial<ThreadFacts> & { by?: Actor } = {}): ThreadFacts {
  const { by = reviewE, ...rest } = over;
  return {
    id: 'thread-1',
    resolved: false,
    outdated: false,
    path: 'index.js',
    line: 7,
    resolvedBy: null,
    comments: [{ author: by, body: 'This leaks.', createdAt: at(-40) }],
    ...rest,
  };
}

export function commit(over: Partial<CommitFacts> = {}): CommitFacts {
  return { sha: HEAD, message: 'Parse dotted keys once', authors: [devE], ...over };
}

/** A pull request of an agent that has all it needs to be merged. */
export function pullRequest(over: Partial<PullRequestFacts> = {}): PullRequestFacts {
  return {
    number: PULL,
    url: `https://forge.example/acme/parser/pull/${PULL}`,
    state: 'open',
    draft: false,
    title: 'Parse dotted keys once',
    body: `Closes #${ISSUE}`,
    author: devE,
    head: { sha: HEAD, ref: BRANCH, repositoryId: REPOSITORY },
    base: { ref: 'main', sha: BASE, repositoryId: REPOSITORY },
    mergeable: 'mergeable',
    containsBase: true,
    mergeQueue: 'none',
    mergeSHA: null,
    mergedAt: null,
    mergedBy: null,
    labels: ['bug'],
    closingIssues: [{ number: ISSUE, repositoryId: REPOSITORY }],
    commits: [commit()],
    checks: [check()],
    reviews: [review()],
    threads: [thread({ resolved: true, resolvedBy: devE })],
    complete: { commits: true, checks: true, reviews: true, threads: true, closingIssues: true, labels: true },
    updatedAt: at(-30),
    ...over,
  };
}
