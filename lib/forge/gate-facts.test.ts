import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForgeError } from './error.ts';
import { readGateFacts } from './gate-facts.ts';
import { COMPARE_WITH_BASE, GATE_FACTS, MORE_COMMENTS, NEXT_PAGE } from './queries.ts';

type Json = Record<string, unknown>;
const HEAD = 'a'.repeat(40);
const BASE = 'b'.repeat(40);
const OTHER = 'c'.repeat(40);
const at = '2024-05-01T10:00:00Z';
const ada = { __typename: 'User', login: 'ada', databaseId: 1 };
const repo = { owner: 'o', name: 'n' };

const list = (nodes: unknown[], endCursor: string | null = null): Json => ({
  nodes,
  pageInfo: { hasNextPage: endCursor !== null, endCursor },
});
const rollup = (nodes: unknown[], oid = HEAD, cursor: string | null = null) => ({
  commit: { oid },
  contexts: list(nodes, cursor),
});
const comparison = (behindBy: number, oid = HEAD) => ({
  target: { oid: BASE },
  compare: { behindBy, headTarget: { oid } },
});

function pull(change: Json = {}): Json {
  return {
    number: 7,
    url: 'https://forge.test/o/n/pull/7',
    state: 'OPEN',
    isDraft: false,
    title: 't',
    body: 'b',
    updatedAt: at,
    mergedAt: null,
    mergeable: 'MERGEABLE',
    headRefOid: HEAD,
    headRefName: 'rig/1/1',
    baseRefOid: OTHER,
    baseRefName: 'main',
    author: ada,
    mergedBy: null,
    headRepository: { databaseId: 5 },
    mergeCommit: null,
    baseRef: comparison(0),
    statusCheckRollup: null,
    commits: list([]),
    reviews: list([]),
    reviewThreads: list([]),
    closingIssuesReferences: list([]),
    labels: list([]),
    ...change,
  };
}

/** A GraphQL endpoint that answers by document, and the documents it was asked. */
function endpoint(first: Json | null, more: Record<string, (variables: Json) => unknown> = {}) {
  const asked: string[] = [];
  const graphql = async (query: string, variables: Json) => {
    asked.push(query);
    if (query === GATE_FACTS) return { repository: { databaseId: 5, pullRequest: first } };
    const answer = more[query];
    if (answer === undefined) throw new Error('an unexpected query');
    return answer(variables);
  };
  return { graphql, asked, read: (head: string | undefined = HEAD) => readGateFacts(graphql, repo, 7, head) };
}
const asPull = (change: Json) => ({ repository: { pullRequest: { headRefOid: HEAD, ...change } } });
const review = (id: number, change: Json = {}) => ({
  fullDatabaseId: String(id),
  state: 'APPROVED',
  body: '',
  submittedAt: at,
  createdAt: at,
  commit: { oid: HEAD },
  author: ada,
  ...change,
});
const run = (change: Json = {}) => ({
  __typename: 'CheckRun',
  databaseId: 9,
  name: 'ci',
  status: 'COMPLETED',
  conclusion: 'SUCCESS',
  startedAt: at,
  completedAt: at,
  title: null,
  summary: null,
  url: 'https://forge.test/9',
  detailsUrl: null,
  checkSuite: { app: { slug: 'ci' }, commit: { oid: HEAD } },
  ...change,
});

test('an expected head is compared in the one query; the base is its tip, not what the pull request was opened on', async () => {
  const { read, asked } = endpoint(pull());
  const facts = await read();
  assert.deepEqual([facts.containsBase, facts.base.sha, asked.length], [true, BASE, 1]);
});

test('an unexpected head costs a second query, which says that the base moved on', async () => {
  const { read, asked } = endpoint(pull({ baseRef: comparison(0, OTHER) }), {
    [COMPARE_WITH_BASE]: (variables) => {
      assert.equal(variables.head, HEAD);
      return asPull({ baseRef: comparison(2) });
    },
  });
  assert.equal((await read(OTHER)).containsBase, false);
  assert.equal(asked.length, 2);
});

test('a comparison with another commit than the head says nothing', async () => {
  assert.equal((await endpoint(pull({ baseRef: comparison(0, OTHER) })).read()).containsBase, null);
});

test('a forge that cannot compare leaves containsBase unknown and the rest readable', async () => {
  const data = {
    repository: { databaseId: 5, pullRequest: pull({ baseRef: { target: { oid: BASE }, compare: null } }) },
  };
  const errors = [{ message: 'no such commit', path: ['repository', 'pullRequest', 'baseRef', 'compare'] }];
  const graphql = () => Promise.reject(Object.assign(new Error('partial'), { errors, data }));
  const facts = await readGateFacts(graphql, repo, 7, HEAD);
  assert.deepEqual([facts.containsBase, facts.number], [null, 7]);
});

test('an error anywhere else fails the read, though there is data beside it', async () => {
  const errors = [{ message: 'hidden', path: ['repository', 'pullRequest', 'reviews'] }];
  const graphql = () => Promise.reject(Object.assign(new Error('partial'), { errors, data: { repository: {} } }));
  await assert.rejects(readGateFacts(graphql, repo, 7, HEAD), /partial/);
});

test('a deleted base branch and a closed pull request leave containsBase unknown without a second query', async () => {
  const deleted = endpoint(pull({ baseRef: null }));
  assert.equal((await deleted.read(OTHER)).containsBase, null);
  const closed = endpoint(pull({ state: 'CLOSED' }));
  assert.equal((await closed.read(OTHER)).containsBase, null);
  assert.deepEqual([deleted.asked.length, closed.asked.length], [1, 1]);
});

test('pages are followed in order until the last', async () => {
  const pages: Record<string, Json> = { c1: list([review(2)], 'c2'), c2: list([review(3)]) };
  const { read } = endpoint(pull({ reviews: list([review(1)], 'c1') }), {
    [NEXT_PAGE.reviews]: ({ after }) => asPull({ reviews: pages[String(after)] }),
  });
  const { reviews, complete } = await read();
  assert.deepEqual([reviews.map((one) => one.id), complete.reviews], [[1, 2, 3], true]);
});

test('a head that moves between two pages makes that list incomplete', async () => {
  const { read } = endpoint(pull({ reviews: list([review(1)], 'c1') }), {
    [NEXT_PAGE.reviews]: () => asPull({ headRefOid: OTHER, reviews: list([review(2)]) }),
  });
  const { reviews, complete } = await read();
  assert.deepEqual([reviews.length, complete.reviews, complete.commits], [1, false, true]);
});

test('a list without end is incomplete after twenty pages', async () => {
  const { read, asked } = endpoint(pull({ labels: list([{ name: 'x' }], 'more') }), {
    [NEXT_PAGE.labels]: () => asPull({ labels: list([{ name: 'x' }], 'more') }),
  });
  const { labels, complete } = await read();
  assert.deepEqual([labels.length, asked.length, complete.labels], [20, 20, false]);
});

test('a null node, a missing list and a next page without cursor are incomplete, never empty', async () => {
  const { complete } = await endpoint(
    pull({
      reviews: list([review(1), null]),
      closingIssuesReferences: null,
      labels: { nodes: [], pageInfo: { hasNextPage: true } },
    }),
  ).read();
  assert.deepEqual(
    [complete.reviews, complete.closingIssues, complete.labels, complete.threads],
    [false, false, false, true],
  );
});

test('no rollup is a complete list of no checks; a rollup of another commit is incomplete', async () => {
  const none = await endpoint(pull()).read();
  assert.deepEqual([none.checks, none.complete.checks], [[], true]);
  const other = await endpoint(pull({ statusCheckRollup: rollup([run()], OTHER) })).read();
  assert.equal(other.complete.checks, false);
});

test('a check that has not completed has no conclusion, whatever the forge sends', async () => {
  const { checks } = await endpoint(pull({ statusCheckRollup: rollup([run({ status: 'WAITING' })]) })).read();
  assert.deepEqual([checks[0]?.status, checks[0]?.conclusion], ['queued', null]);
});

test('a conclusion nobody knows refuses the whole answer', async () => {
  const { read } = endpoint(pull({ statusCheckRollup: rollup([run({ conclusion: 'SPLENDID' })]) }));
  await assert.rejects(read(), (error: unknown) => error instanceof ForgeError && error.code === 'Malformed');
});

test('bots keep their suffix, deleted accounts are the ghost', async () => {
  const bot = { __typename: 'Bot', login: 'dev-e', databaseId: 44 };
  const facts = await endpoint(pull({ author: bot, reviews: list([review(1, { author: null })]) })).read();
  assert.deepEqual(facts.author, { id: 44, login: 'dev-e[bot]', kind: 'bot' });
  assert.equal(facts.reviews[0]?.author.login, 'ghost');
});

test('a commit names its accounts, and the bot whose no-reply address it carries', async () => {
  const authors = [
    { email: 'ada@example.com', user: ada },
    { email: '44+dev-e[bot]@users.noreply.github.com', user: null },
    { email: 'stranger@example.com', user: null },
  ];
  const commit = (more: boolean) => ({
    commit: { oid: HEAD, message: 'm', authors: { nodes: authors, pageInfo: { hasNextPage: more, endCursor: 'x' } } },
  });
  const facts = await endpoint(pull({ commits: list([commit(false)]) })).read();
  assert.deepEqual(
    facts.commits[0]?.authors.map((one) => one.id),
    [1, 44],
  );
  assert.equal(facts.complete.commits, true);
  assert.equal((await endpoint(pull({ commits: list([commit(true)]) })).read()).complete.commits, false);
});

test('comments beyond a page of a thread are read, and what stays hidden makes threads incomplete', async () => {
  const comment = (id: string) => ({ id, url: '', body: id, createdAt: at, author: ada });
  const thread = {
    id: 'T',
    isResolved: false,
    isOutdated: false,
    path: 'a',
    line: 1,
    resolvedBy: null,
    comments: list([comment('1')], 'c'),
  };
  const more = (nodes: unknown[]) => () => ({ node: { __typename: 'PullRequestReviewThread', comments: list(nodes) } });
  const whole = await endpoint(pull({ reviewThreads: list([thread]) }), {
    [MORE_COMMENTS]: more([comment('2')]),
  }).read();
  assert.deepEqual([whole.threads[0]?.comments.map((one) => one.body), whole.complete.threads], [['1', '2'], true]);
  const hidden = await endpoint(pull({ reviewThreads: list([thread]) }), { [MORE_COMMENTS]: more([null]) }).read();
  assert.equal(hidden.complete.threads, false);
});

test('anything but a plain no is a draft, anything but a plain yes is unresolved, an unknown mergeability is unknown', async () => {
  const thread = {
    id: 'T',
    isResolved: 'true',
    isOutdated: false,
    path: 'a',
    line: null,
    resolvedBy: null,
    comments: list([]),
  };
  const facts = await endpoint(pull({ isDraft: null, mergeable: 'MAYBE', reviewThreads: list([thread]) })).read();
  assert.deepEqual([facts.draft, facts.mergeable, facts.threads[0]?.resolved], [true, 'unknown', false]);
});

test('no pull request is NotFound', async () => {
  await assert.rejects(
    endpoint(null).read(),
    (error: unknown) => error instanceof ForgeError && error.code === 'NotFound',
  );
});

test('who committed a change counts among its authors, whoever is written down as its author', async () => {
  const node = { oid: HEAD, message: 'm', authors: list([{ email: 'x@example.com', user: null }]) };
  const by = async (committer: unknown) => {
    const facts = await endpoint(pull({ commits: list([{ commit: { ...node, committer } }]) })).read();
    return facts.commits[0]!.authors.map(({ id }) => id);
  };
  assert.deepEqual(await by({ email: 'ada@example.com', user: ada }), [1]);
  assert.deepEqual(await by({ email: 'nobody@example.com', user: null }), []);
  assert.deepEqual(await by(null), []);
});

test('a check names the branch it was started for, and none where the forge knows none', async () => {
  const suite = { app: { slug: 'ci' }, commit: { oid: HEAD } };
  const branch = async (more: Json) => {
    const node = run({ checkSuite: { ...suite, ...more } });
    return (await endpoint(pull({ statusCheckRollup: rollup([node]) })).read()).checks[0]!.branch;
  };
  assert.equal(await branch({ branch: { name: 'rig/1/1' } }), 'rig/1/1');
  assert.equal(await branch({ branch: null }), null);
  assert.equal(await branch({}), null);
});

test('a merge queue is none only where the forge says no to both questions', async () => {
  const queue = async (entered: unknown, enabled: unknown) =>
    (await endpoint(pull({ isInMergeQueue: entered, isMergeQueueEnabled: enabled })).read()).mergeQueue;
  assert.equal(await queue(false, false), 'none');
  assert.equal(await queue(false, true), 'required');
  assert.equal(await queue(true, true), 'entered');
  for (const [entered, enabled] of [
    [undefined, undefined],
    [false, null],
    [null, false],
  ])
    assert.equal(await queue(entered, enabled), 'unknown');
});
