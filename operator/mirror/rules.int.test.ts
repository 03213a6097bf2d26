import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PullRequestSummary } from '#lib/forge';
import { ruleset } from '../../domain/gate/cases/enforced.ts';
import { testDatabase } from '../../test/kit/postgres.ts';
import { operatorMigrations } from '../store/store.int-kit.ts';
import { putPulls } from './listings.ts';
import { Mirror } from './mirror.ts';
import { baseChangedAt, movesBeside, pullsOfHead, pushingAccounts, putRules, rulesOf } from './rules.ts';

const key = { host: 'forge.example', id: 5 };
const NOON = Date.parse('2026-03-02T12:00:00Z');
const iso = new Date(NOON).toISOString();
const sha = (digit: string) => digit.repeat(40);
const actor = (id: number) => ({ id, login: `u${id}`, kind: 'user' }) as const;

const summary = (number: number, head: string, base: string, repositoryId: number | null): PullRequestSummary => ({
  number,
  url: '',
  state: number === 3 ? 'closed' : 'open',
  draft: false,
  title: '',
  body: '',
  author: actor(1),
  head: { sha: sha(head), ref: 'rig/one/1', repositoryId },
  base: { ref: base, sha: sha('9'), repositoryId: 5 },
  mergeSHA: null,
  mergedAt: null,
  labels: [],
  updatedAt: iso,
});

test('the newest reading of the rules is kept, whichever is written last, and a failure takes its place', async (t) => {
  const { pool } = await testDatabase(t, { migrations: operatorMigrations });
  assert.equal(await rulesOf(pool, key), null);
  const facts = { id: 5, owner: 'acme', name: 'widgets', defaultBranch: 'main', defaultBranchSHA: null };
  await new Mirror(() => NOON).putRepository(
    pool,
    key.host,
    { ...facts, archived: false, private: false, url: '' },
    iso,
  );
  assert.equal(await rulesOf(pool, key), null);
  const read = { branch: 'main', readAt: NOON, rules: { rulesets: [ruleset()] } };
  await putRules(pool, key, read);
  await putRules(pool, key, { branch: 'main', readAt: NOON - 1, problem: 'An older failure.' });
  assert.deepEqual(await rulesOf(pool, key), read);
  const failed = { branch: 'main', readAt: NOON + 1, problem: 'The forge answers 500.' };
  await putRules(pool, key, failed);
  assert.deepEqual(await rulesOf(pool, key), failed);
});

test('everybody who pushed to a branch, or what it brings in, is told, and every pull request of a commit with where it goes', async (t) => {
  const { pool } = await testDatabase(t, { migrations: operatorMigrations });
  const mirror = new Mirror(() => NOON);
  for (const [head, ref, by] of [
    ['a', 'rig/one/1', 1],
    ['b', 'rig/one/1', 2],
    ['c', 'rig/one/1', 2],
    ['a', 'rig/two/1', 3],
  ] as const)
    await mirror.putPush(pool, key, sha(head), ref, actor(by), iso);
  const pushers = async (ref: string, ...commits: string[]) => {
    const brings = {
      head: { sha: sha('f'), ref, repositoryId: 5 },
      commits: commits.map((one) => ({ sha: sha(one) })),
    };
    return (await pushingAccounts(pool, key, brings as never)).map(({ id }) => id).sort();
  };
  assert.deepEqual(await pushers('rig/one/1'), [1, 2]);
  assert.deepEqual(await pushers('rig/none/1'), []);
  assert.deepEqual(await pushers('rig/two/2', 'a', 'e'), [1, 3], 'who pushed one of its commits to another branch');
  assert.deepEqual(await pushers('rig/one/2'), [1, 2], 'who pushed to the branch of another attempt');
  const pull = (...given: Parameters<typeof summary>) => mirror.putPull(pool, key, summary(...given));
  await pull(1, 'a', 'main', 5);
  await pull(2, 'b', 'main', 5);
  await pull(3, 'a', 'release', 5);
  await pull(4, 'a', 'release', 6);
  assert.deepEqual(
    (await pullsOfHead(pool, key, sha('a'))).toSorted((one, other) => one.number - other.number),
    [
      { number: 1, base: 'main' },
      { number: 3, base: 'release' },
    ],
  );
});

test('the newest moves of branches, from where to where, and pull requests of forks are told, but for those of accounts that are known', async (t) => {
  const { pool } = await testDatabase(t, { migrations: operatorMigrations });
  const mirror = new Mirror(() => NOON);
  await mirror.putPush(pool, key, sha('a'), 'ada/tmp', actor(1), iso, sha('b'));
  await mirror.putPush(pool, key, sha('c'), 'rig/one/1', actor(2), iso);
  const forked = summary(4, 'd', 'main', 6);
  await mirror.putPull(pool, key, { ...forked, author: actor(3) });
  const moves = async (...known: number[]) =>
    (await movesBeside(pool, key, known.map(actor))).map(({ before, after, actor: { id } }) => [id, before, after]);
  const [ada, bot, fork] = [
    [1, sha('b'), sha('a')],
    [2, null, sha('c')],
    [3, null, sha('d')],
  ];
  assert.deepEqual((await moves()).toSorted(), [ada, bot, fork]);
  assert.deepEqual(await moves(2, 3), [ada]);
});

test('when a pull request was set to go to another branch is kept, whoever told it, and a late delivery changes nothing', async (t) => {
  const { pool } = await testDatabase(t, { migrations: operatorMigrations });
  const mirror = new Mirror(() => NOON);
  const at = (minute: number) => new Date(NOON + minute * 60_000).toISOString();
  const told = (base: string, minute: number) =>
    mirror.putPull(pool, key, { ...summary(7, 'a', base, 5), updatedAt: at(minute) });
  const read = (base: string, minute: number) => {
    const lists = { closingIssues: [], commits: [], checks: [], reviews: [], threads: [] };
    const complete = { commits: true, checks: true, reviews: true, threads: true, closingIssues: true, labels: true };
    const more = { mergeable: 'mergeable', containsBase: true, mergeQueue: 'none', mergedBy: null } as const;
    const live = { ...summary(7, 'a', base, 5), updatedAt: at(minute), ...lists, ...more, complete };
    return mirror.putLivePull(pool, key, live, NOON + minute * 60_000);
  };
  const changed = async () => ((await baseChangedAt(pool, key, 7)) ?? Number.NaN) - NOON;
  assert.equal(await baseChangedAt(pool, key, 7), null);
  await told('main', 1);
  await read('main', 2);
  assert.equal(await baseChangedAt(pool, key, 7), null);
  await told('release', 3);
  assert.equal(await changed(), 3 * 60_000);
  await read('release', 4);
  await told('main', 2);
  assert.equal(await changed(), 3 * 60_000);
  await read('main', 5);
  assert.equal(await changed(), 5 * 60_000);
  const listed = (base: string, minute: number) =>
    putPulls(pool, key, [{ ...summary(7, 'a', base, 5), updatedAt: at(minute) }], NOON);
  await listed('release', 6);
  await told('release', 6);
  await read('release', 7);
  assert.equal(await changed(), 6 * 60_000, 'a listing was the first to see it');
  await listed('main', 5);
  await listed('release', 8);
  assert.equal(await changed(), 6 * 60_000);
});
