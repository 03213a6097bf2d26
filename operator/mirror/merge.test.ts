import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckFacts, PullRequestFacts, PullRequestSummary, ReviewFacts } from '#lib/forge';
import { mergeFacts, type PullRow } from './merge.ts';

const HEAD = 'a'.repeat(40);
const BASE = 'b'.repeat(40);
const author = { id: 1, login: 'dev', kind: 'user' } as const;

const summary: PullRequestSummary = {
  number: 7,
  url: 'https://forge.example/7',
  state: 'open',
  draft: false,
  title: 'A change',
  body: 'Closes #1',
  author,
  head: { sha: HEAD, ref: 'rig/one/1', repositoryId: 5 },
  base: { ref: 'main', sha: BASE, repositoryId: 5 },
  mergeSHA: null,
  mergedAt: null,
  labels: ['bug'],
  updatedAt: '2026-01-01T00:00:10Z',
};
const all = { commits: true, checks: true, reviews: true, threads: true, closingIssues: true, labels: true };
const live: PullRequestFacts = {
  ...summary,
  mergeable: 'mergeable',
  containsBase: true,
  mergeQueue: 'none',
  mergedBy: null,
  closingIssues: [{ number: 1, repositoryId: 5 }],
  commits: [{ sha: HEAD, message: 'change', authors: [author] }],
  checks: [],
  reviews: [],
  threads: [],
  complete: all,
};
const row = (change: Partial<PullRow> = {}): PullRow => ({
  summary,
  live,
  liveAt: 1_000,
  threadsTouchedAt: 0,
  observedAt: 1_000,
  ...change,
});
const check = (change: Partial<CheckFacts>): CheckFacts => ({
  id: 1,
  name: 'test',
  app: 'rig-ci',
  headSHA: HEAD,
  branch: 'rig/one/1',
  status: 'queued',
  conclusion: null,
  startedAt: '2026-01-01T00:00:00Z',
  completedAt: null,
  summary: '',
  url: null,
  ...change,
});
const review = (change: Partial<ReviewFacts>): ReviewFacts => ({
  id: 1,
  author,
  state: 'approved',
  commitSHA: HEAD,
  submittedAt: '2026-01-01T00:00:00Z',
  body: '',
  ...change,
});

const moved = { ...live, head: { ...live.head, sha: 'c'.repeat(40) } };
const onOtherBase = { ...live, base: { ...live.base, sha: 'd'.repeat(40) } };
const unread = { commits: false, closingIssues: false, threads: false };

const table: { title: string; row: PullRow; view: Partial<PullRequestFacts>; complete?: Partial<typeof all> }[] = [
  {
    title: 'a whole read of this head and base is the view',
    row: row(),
    view: { mergeable: 'mergeable', containsBase: true },
  },
  {
    title: 'never read whole: mergeability is unknown and the lists are incomplete',
    row: row({ live: null, liveAt: 0 }),
    view: { mergeable: 'unknown', containsBase: null, commits: [], closingIssues: [], mergedBy: null },
    complete: unread,
  },
  {
    title: 'merged as a delivery told, read whole before that: as which commit and by whom is not known yet',
    row: row({ summary: { ...summary, state: 'merged', mergeSHA: 'e'.repeat(40) } }),
    view: { state: 'merged', mergeSHA: null, mergedBy: null },
  },
  {
    title: 'merged and read whole since: commit and person are known',
    row: row({
      summary: { ...summary, state: 'merged', mergeSHA: 'e'.repeat(40) },
      live: { ...live, state: 'merged', mergeSHA: 'e'.repeat(40), mergedBy: author },
    }),
    view: { state: 'merged', mergeSHA: 'e'.repeat(40), mergedBy: author },
  },
  {
    title: 'the head moved since the whole read: nothing of it counts but who merged',
    row: row({ live: { ...moved, mergedBy: author } }),
    view: { mergeable: 'unknown', containsBase: null, commits: [], mergedBy: author },
    complete: unread,
  },
  {
    title: 'the tip of the base moved since: mergeability is unknown, the lists still count',
    row: row({ live: onOtherBase }),
    view: { mergeable: 'unknown', containsBase: null, commits: live.commits },
  },
  {
    title: 'the description changed since: closing references are incomplete',
    row: row({ live: { ...live, body: 'Closes #2' } }),
    view: { mergeable: 'mergeable' },
    complete: { closingIssues: false },
  },
  {
    title: 'a thread was touched after the whole read began: threads are incomplete',
    row: row({ threadsTouchedAt: 1_001 }),
    view: { mergeable: 'mergeable' },
    complete: { threads: false },
  },
  {
    title: 'a thread was touched before the whole read began: threads are complete',
    row: row({ threadsTouchedAt: 1_000 }),
    view: {},
  },
  {
    title: 'a list the whole read could not finish stays incomplete',
    row: row({ live: { ...live, complete: { ...all, commits: false, threads: false, closingIssues: false } } }),
    view: {},
    complete: unread,
  },
];
for (const { title, row, view, complete } of table)
  test(`pull request view: ${title}`, () => {
    const merged = mergeFacts(row, [], []);
    for (const [key, value] of Object.entries(view)) assert.deepEqual(merged[key as 'mergeable'], value, key);
    assert.deepEqual(merged.complete, { ...all, ...complete });
    assert.equal(merged.head.sha, summary.head.sha);
  });

const running = check({ status: 'in_progress', startedAt: '2026-01-01T00:00:01Z' });
const at = (second: number) => ({ status: 'completed', completedAt: `2026-01-01T00:00:0${second}Z` }) as const;
const checks: [string, CheckFacts, CheckFacts, 'read' | 'told'][] = [
  ['told as completed after the read', running, check({ ...at(5), conclusion: 'success' }), 'told'],
  ['read as completed, the news of its start comes later', check({ ...at(5), conclusion: 'success' }), running, 'read'],
  [
    'read as failed after a success was told',
    check({ ...at(6), conclusion: 'failure' }),
    check({ ...at(5), conclusion: 'success' }),
    'read',
  ],
  [
    'told as failed after a success was read',
    check({ ...at(5), conclusion: 'success' }),
    check({ ...at(6), conclusion: 'failure' }),
    'told',
  ],
  [
    'both alike',
    check({ ...at(5), conclusion: 'success', summary: 'a' }),
    check({ ...at(5), conclusion: 'success', summary: 'b' }),
    'told',
  ],
];
for (const [title, read, told, wins] of checks)
  test(`a check ${title}: the ${wins} one counts`, () => {
    const merged = mergeFacts(row({ live: { ...live, checks: [read] } }), [told], []);
    assert.deepEqual(merged.checks, [wins === 'read' ? read : told]);
  });

test('checks of two Apps with one id, and reviews of two ids, stand side by side', () => {
  const others = [check({ app: null }), check({ app: 'rig-ci' })];
  const merged = mergeFacts(row({ live: { ...live, checks: [check({})] } }), others, [review({}), review({ id: 2 })]);
  assert.equal(merged.checks.length, 2);
  assert.equal(merged.reviews.length, 2);
});

test('a dismissal counts whichever side knows of it', () => {
  const dismissed = review({ state: 'dismissed' });
  for (const [read, told] of [
    [review({}), dismissed],
    [dismissed, review({})],
  ] as const) {
    const merged = mergeFacts(row({ live: { ...live, reviews: [read] } }), [], [told]);
    assert.deepEqual(merged.reviews, [dismissed]);
  }
});
