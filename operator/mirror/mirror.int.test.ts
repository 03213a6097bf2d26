import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FactUpdate, PullRequestFacts, PullRequestSummary } from '#lib/forge';
import { testDatabase } from '../../test/kit/postgres.ts';
import { applyToMirror } from '../intake/mirror.ts';
import type { Conductor } from '../issues/context.ts';
import { operatorMigrations } from '../store/store.int-kit.ts';
import { Mirror, type RepositoryKey } from './mirror.ts';

const NOW = Date.parse('2026-02-01T00:00:00Z');
const HOST = 'forge.example';
const author = { id: 1, login: 'dev', kind: 'user' } as const;
const sha = (digit: number) => String(digit).repeat(40);
/** The n-th second of the story. */
const second = (n: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1_000).toISOString();

const repository = {
  id: 0,
  owner: 'acme',
  name: 'widgets',
  defaultBranch: 'main',
  defaultBranchSHA: null,
  archived: false,
  private: false,
  url: '',
};

function summaryOf(number: number, head: number, updatedAt: string): PullRequestSummary {
  return {
    number,
    url: '',
    state: 'open',
    draft: false,
    title: updatedAt,
    body: '',
    author,
    head: { sha: sha(head), ref: 'rig/one/1', repositoryId: 5 },
    base: { ref: 'main', sha: sha(9), repositoryId: 5 },
    mergeSHA: null,
    mergedAt: null,
    labels: [],
    updatedAt,
  };
}

const told = fc.oneof(
  fc.record({
    kind: fc.constant('pull-request' as const),
    number: fc.integer({ min: 1, max: 2 }),
    head: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('issue' as const), number: fc.integer({ min: 1, max: 2 }), gone: fc.boolean() }),
  fc.record({
    kind: fc.constant('check' as const),
    id: fc.integer({ min: 1, max: 2 }),
    head: fc.integer({ min: 1, max: 3 }),
    status: fc.constantFrom('queued' as const, 'in_progress' as const, 'completed' as const),
    conclusion: fc.constantFrom('success' as const, 'failure' as const),
  }),
  fc.record({
    kind: fc.constant('review' as const),
    id: fc.integer({ min: 1, max: 2 }),
    state: fc.constantFrom('approved' as const, 'changes_requested' as const, 'dismissed' as const),
  }),
  fc.record({ kind: fc.constant('thread' as const), number: fc.integer({ min: 1, max: 2 }) }),
  fc.record({
    kind: fc.constant('push' as const),
    head: fc.integer({ min: 4, max: 8 }),
    branch: fc.constantFrom<string>('main', 'rig/one/1'),
    by: fc.constantFrom('ada', 'dev'),
  }),
  fc.record({ kind: fc.constant('repository' as const), name: fc.constantFrom('widgets', 'gadgets') }),
);
type Told = typeof told extends fc.Arbitrary<infer T> ? T : never;

/** What was told in the n-th second, as the parsed update of a delivery. */
function updateOf(fact: Told, n: number): FactUpdate {
  const at = second(n);
  const common = {
    event: fact.kind,
    action: null,
    repositoryId: 5,
    owner: 'acme',
    repository: 'widgets',
    actor: author,
    installationId: null,
    updatedAt: at,
  };
  switch (fact.kind) {
    case 'pull-request': {
      const facts = summaryOf(fact.number, fact.head, at);
      return { ...common, kind: 'pull-request', number: fact.number, sha: facts.head.sha, facts, label: null };
    }
    case 'issue': {
      const facts = {
        number: fact.number,
        url: '',
        state: 'open',
        title: at,
        body: '',
        author,
        labels: [],
        updatedAt: at,
      } as const;
      const gone = fact.gone ? 'deleted' : null;
      return {
        ...common,
        kind: 'issue',
        number: fact.number,
        facts,
        gone,
        label: null,
        edited: [],
        reopened: false,
      };
    }
    case 'check': {
      const done = fact.status === 'completed';
      const ends = { conclusion: done ? fact.conclusion : null, startedAt: at, completedAt: done ? at : null };
      const facts = {
        id: fact.id,
        name: 'test',
        app: 'ci',
        headSHA: sha(fact.head),
        branch: 'rig/one/1',
        status: fact.status,
        ...ends,
        summary: '',
        url: null,
      };
      return { ...common, kind: 'check', sha: facts.headSHA, facts, pullRequests: [] };
    }
    case 'review': {
      const facts = { id: fact.id, author, state: fact.state, commitSHA: sha(1), submittedAt: at, body: '' };
      return { ...common, kind: 'review', number: 1, sha: sha(1), facts };
    }
    case 'thread':
      return {
        ...common,
        kind: 'thread',
        number: fact.number,
        threadId: 't',
        resolved: true,
        path: null,
        line: null,
        author,
      };
    case 'push':
      return {
        ...common,
        actor: { ...author, ...(fact.by === 'ada' && { id: 77, login: 'ada' }) },
        kind: 'push',
        ref: `refs/heads/${fact.branch}`,
        before: null,
        sha: sha(fact.head),
        forced: false,
        defaultBranch: 'main',
        topFiles: null,
      };
    case 'repository': {
      const facts = { ...repository, id: 5, name: fact.name };
      return { ...common, kind: 'repository', facts, deleted: false, previous: null };
    }
  }
}

const wholeRead: PullRequestFacts = {
  ...summaryOf(1, 1, second(15)),
  mergeable: 'mergeable',
  containsBase: true,
  mergeQueue: 'none',
  mergedBy: null,
  closingIssues: [],
  commits: [],
  checks: [],
  reviews: [],
  threads: [],
  complete: { commits: true, checks: true, reviews: true, threads: true, closingIssues: true, labels: true },
};

async function openMirror(t: Parameters<typeof testDatabase>[0]) {
  const { pool } = await testDatabase(t, { migrations: operatorMigrations });
  const mirror = new Mirror(() => NOW);
  const conductor = { mirror, log: { pool } } as unknown as Conductor;
  let repositories = 0;
  const fresh = async (): Promise<RepositoryKey> => {
    const key = { host: HOST, id: ++repositories };
    await mirror.putRepository(pool, HOST, { ...repository, id: key.id, defaultBranchSHA: sha(9) }, second(-1));
    for (const number of [1, 2]) await mirror.putPull(pool, key, summaryOf(number, 1, second(-1)));
    return key;
  };
  const tell = (key: RepositoryKey, update: FactUpdate, n: number) => {
    const moved = update.kind === 'repository' ? { ...update, facts: { ...update.facts, id: key.id } } : update;
    return applyToMirror(conductor, key, moved, new Date(second(n)));
  };
  const view = async (key: RepositoryKey) => {
    const known = await mirror.repository(pool, key);
    return {
      repository: known.known ? { ...known.value, id: 0 } : null,
      issues: [await mirror.issue(pool, key, 1), await mirror.issue(pool, key, 2)],
      pulls: [await pullView(key, 1), await pullView(key, 2)],
      pushers: await Promise.all([4, 5, 6, 7, 8].map((n) => mirror.pusherOf(pool, key, sha(n), 'rig/one/1'))),
    };
  };
  const pullView = async (key: RepositoryKey, number: number) => {
    const { facts } = await mirror.pull(pool, key, number);
    assert.ok(facts.known);
    const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
    return { ...facts.value, checks: facts.value.checks.toSorted(byId), reviews: facts.value.reviews.toSorted(byId) };
  };
  return { pool, mirror, fresh, tell, view };
}

test('whatever order deliveries come in, and however often, they end in the same view', async (t) => {
  const { pool, mirror, fresh, tell, view } = await openMirror(t);
  const stories = fc.array(told, { minLength: 3, maxLength: 25 }).chain((facts) => {
    const updates = facts.map((fact, n) => ({ update: updateOf(fact, n), n }));
    const again = fc.array(fc.constantFrom(...updates), { maxLength: 5 });
    const order = again.chain((more) =>
      fc.shuffledSubarray([...updates, ...more], { minLength: updates.length + more.length }),
    );
    return fc.tuple(fc.constant(updates), order, fc.nat(facts.length), fc.nat(facts.length));
  });
  await fc.assert(
    fc.asyncProperty(stories, async ([straight, shuffled, readFirst, readSecond]) => {
      const [one, two] = [await fresh(), await fresh()];
      for (const [key, order, readAfter] of [
        [one, straight, readFirst],
        [two, shuffled, readSecond],
      ] as const) {
        for (const [i, { update, n }] of order.entries()) {
          if (i === readAfter) await mirror.putLivePull(pool, key, wholeRead, Date.parse(second(15)));
          await tell(key, update, n);
        }
        if (order.length <= readAfter) await mirror.putLivePull(pool, key, wholeRead, Date.parse(second(15)));
      }
      assert.deepEqual(await view(two), await view(one));
    }),
    { numRuns: 40 },
  );
});

test('a push that is told late does not take the base tip back, and a moved tip makes mergeability unknown', async (t) => {
  const { pool, mirror, fresh, tell } = await openMirror(t);
  const key = await fresh();
  await mirror.putLivePull(pool, key, wholeRead, NOW);
  const mergeable = async () => {
    const { facts } = await mirror.pull(pool, key, 1);
    return facts.known && [facts.value.mergeable, facts.value.base.sha];
  };
  assert.deepEqual(await mergeable(), ['mergeable', sha(9)]);
  await tell(key, updateOf({ kind: 'push', head: 5, branch: 'main', by: 'ada' }, 20), 20);
  assert.deepEqual(await mergeable(), ['unknown', sha(5)]);
  await tell(key, updateOf({ kind: 'push', head: 4, branch: 'main', by: 'ada' }, 10), 21);
  assert.deepEqual(await mergeable(), ['unknown', sha(5)]);
});

test('whoever pushed a head last is who pushed it: a branch that a person put back is that person’s', async (t) => {
  const { pool, mirror, fresh, tell } = await openMirror(t);
  const key = await fresh();
  const branch = 'rig/one/1';
  for (const [n, head, by] of [
    [1, 4, 'dev'],
    [2, 5, 'dev'],
    [3, 4, 'ada'],
    [1, 4, 'dev'],
  ] as const)
    await tell(key, updateOf({ kind: 'push', head, branch, by }, n), n);
  const pusher = async (head: number) => {
    const fact = await mirror.pusherOf(pool, key, sha(head), branch);
    return fact.known && fact.value.login;
  };
  assert.deepEqual([await pusher(4), await pusher(5)], ['ada', 'dev']);
});

test('another default branch neither inherits the tip of the former one nor takes a push to it for its own', async (t) => {
  const { pool, mirror, fresh, tell } = await openMirror(t);
  const key = await fresh();
  const push = (head: number, branch: string, n: number) =>
    tell(key, updateOf({ kind: 'push', head, branch, by: 'ada' }, n), n);
  const tip = async () => {
    const facts = await mirror.repository(pool, key);
    return facts.known && facts.value.defaultBranchSHA;
  };
  const becomes = (defaultBranch: string, n: number) =>
    mirror.putRepository(pool, HOST, { ...repository, id: key.id, defaultBranch }, second(n));
  await push(4, 'main', 5);
  await becomes('main', 6);
  assert.equal(await tip(), sha(4));
  await becomes('trunk', 7);
  assert.equal(await tip(), null);
  await push(5, 'main', 8);
  assert.equal(await tip(), null);
  await push(6, 'trunk', 4);
  assert.equal(await tip(), sha(6));
});

test('an older whole read changes nothing, a newer one counts, and neither makes the row look older', async (t) => {
  const { pool, mirror, fresh } = await openMirror(t);
  const key = await fresh();
  await mirror.putLivePull(pool, key, wholeRead, NOW - 1_000);
  await mirror.putLivePull(pool, key, { ...wholeRead, mergeable: 'conflicting' }, NOW - 2_000);
  const first = await mirror.pull(pool, key, 1);
  assert.ok(first.facts.known && first.facts.value.mergeable === 'mergeable');
  assert.equal(first.readAt, NOW - 1_000);
  await mirror.putPull(pool, key, summaryOf(1, 1, second(30)));
  await mirror.putLivePull(pool, key, { ...wholeRead, mergeable: 'conflicting' }, NOW - 500);
  const { facts } = await mirror.pull(pool, key, 1);
  assert.ok(facts.known);
  assert.deepEqual([facts.value.mergeable, facts.value.title, facts.observedAt], ['conflicting', second(30), NOW]);
});

test('what was never read is unknown, and a permission counts only while it is fresh', async (t) => {
  const { pool, mirror, fresh } = await openMirror(t);
  const nowhere = { host: 'elsewhere.example', id: 1 };
  assert.equal((await mirror.repository(pool, nowhere)).known, false);
  assert.equal((await mirror.pull(pool, nowhere, 1)).facts.known, false);
  assert.equal((await mirror.pusherOf(pool, nowhere, sha(1), 'main')).known, false);
  assert.equal(await mirror.issue(pool, nowhere, 1), null);
  const key = await fresh();
  assert.deepEqual(await mirror.pullsWithHead(pool, key, sha(1)), [1, 2]);
  await new Mirror(() => NOW - 60_000).putPermission(pool, key, author, 'write');
  assert.deepEqual(await mirror.permissions(pool, key, [author.id, 2], 60_000), new Map([[1, 'write']]));
  assert.deepEqual(await mirror.permissions(pool, key, [author.id], 59_999), new Map());
});
