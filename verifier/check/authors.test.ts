import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityFacts, Actor, PullRequestSummary } from '#lib/forge';
import type { LineageAnswer, LineageQuestion } from '#lib/git';
import { Authors, type Brought } from './authors.ts';

const REPOSITORY = { owner: 'acme', name: 'widgets' };
const sha = 'a'.repeat(40);
const actor = (id: number): Actor => ({ id, login: `user-${id}`, kind: 'user' });
const pull = (over: object = {}) =>
  ({
    author: actor(1),
    head: { sha, ref: 'work', repositoryId: 7 },
    base: { ref: 'main', sha, repositoryId: 7 },
    ...over,
  }) as unknown as PullRequestSummary;
const move = (id: number, after: string, ref = 'refs/heads/work'): ActivityFacts => ({
  id,
  ref,
  before: null,
  after,
  actor: actor(id),
  at: '2026-03-02T12:00:00Z',
});
/** What is brought, where git has every commit and what is told here builds on the head's own. */
const bring = (
  commits: Brought['commits'],
  more: Partial<Brought> & { readonly told?: Partial<LineageAnswer> } = {},
): Brought => ({
  commits,
  issues: [],
  open: [],
  lineage: async () => ({ builtOn: new Map(), gone: new Set(), ...more.told }),
  ...more,
});
const ask = (
  moves: readonly ActivityFacts[],
  pulls = [pull()],
  commits: ReadonlySet<string> | null = new Set<string>(),
  complete = true,
) => {
  const listActivity = async () => ({ notModified: false as const, items: moves, etag: null, complete });
  return new Authors().of({ listActivity }, REPOSITORY, pulls, bring(commits));
};
/** A forge that shows the newest `shown` moves of a ref, or of all; and what it was asked about. */
function forgeOf(moves: readonly ActivityFacts[], shown: number) {
  const asked: (string | undefined)[] = [];
  const listActivity = async (_: unknown, { ref }: { ref?: string } = {}) => {
    asked.push(ref);
    const its = moves.filter((one) => ref === undefined || one.ref === ref);
    return { notModified: false as const, items: its.slice(0, shown), etag: null, complete: its.length <= shown };
  };
  return { listActivity, asked };
}
const ids = (accounts: readonly { id: number }[] | null) =>
  accounts && [...new Set(accounts.map(({ id }) => id))].sort();

test('authors are who opened the pull request and everybody who moved its branch, by the forge', async () => {
  const moves = [move(2, sha), move(3, 'b'.repeat(40)), move(4, sha, 'refs/heads/other')];
  assert.deepEqual(
    (await ask(moves))?.map(({ id }) => id),
    [1, 2, 3],
  );
});

test('seen by the verifier: who pushed one of its commits to another branch, as to that of an earlier attempt, is one of the authors', async () => {
  const earlier = 'c'.repeat(40);
  const moves = [move(2, sha), move(5, earlier, 'refs/heads/earlier'), move(6, 'd'.repeat(40), 'refs/heads/other')];
  const accounts = await ask(moves, [pull()], new Set([sha, earlier]));
  assert.deepEqual([...new Set(accounts?.map(({ id }) => id))].sort(), [1, 2, 5]);
});

test('authors of a change whose commits are not known are not known either', async () => {
  assert.equal(await ask([move(2, sha)], [pull()], null), null);
});

test('where nobody tells who brought the head, authors are not known', async () => {
  assert.equal(await ask([]), null);
  assert.equal(await ask([move(2, 'b'.repeat(40))]), null);
});

test('authors of a fork’s branch are not known', async () => {
  const fork = pull({ head: { sha, ref: 'work', repositoryId: 8 } });
  assert.equal(await ask([move(2, sha)], [fork]), null);
  assert.equal(await ask([move(2, sha)], [pull(), fork]), null);
});

test('of a branch that moved more often than is looked through, authors are not known', async () => {
  assert.equal(await ask([move(2, sha), move(3, 'b'.repeat(40))], [pull()], new Set(), false), null);
});

test('the forge is asked about a head until it tells who brought it, and then never again', async () => {
  const asked: (string | undefined)[] = [];
  const listActivity = async (_: unknown, { ref }: { ref?: string } = {}) => {
    asked.push(ref);
    return { notModified: false as const, items: asked.length === 1 ? [] : [move(2, sha)], etag: null, complete: true };
  };
  const authors = new Authors();
  const look = () => authors.of({ listActivity }, REPOSITORY, [pull()], bring(new Set()));
  assert.equal(await look(), null);
  for (let times = 0; times < 3; times += 1)
    assert.deepEqual(
      (await look())?.map(({ id }) => id),
      [1, 2],
    );
  assert.deepEqual(asked, ['refs/heads/work', 'refs/heads/work', undefined]);
});

const attempt = (issue: string, number: number) => `refs/heads/rig/${issue}/${number}`;
const second = pull({ head: { sha, ref: 'rig/shop-7/2', repositoryId: 7 } });
const noise = (times: number) => Array.from({ length: times }, () => move(9, 'd'.repeat(40), 'refs/heads/other'));

test('behind however many moves of other branches, who pushed to the branch of an earlier attempt is one of the authors', async () => {
  const own = move(2, sha, attempt('shop-7', 2));
  const forge = forgeOf([own, ...noise(20), move(5, sha, attempt('shop-7', 1))], 10);
  const look = () => new Authors().of(forge, REPOSITORY, [second], bring(new Set([sha])));
  assert.deepEqual(ids(await look()), [1, 2, 5]);
  assert.ok(!forge.asked.includes(attempt('shop-70', 1)));
});

test('behind however many moves, attempts are found whatever the branch of the pull request is called, and beyond those that never pushed', async () => {
  const forge = forgeOf(
    [move(2, sha), ...noise(20), move(5, sha, attempt('shop-7', 3)), move(6, sha, attempt('shop-8', 1))],
    10,
  );
  const issues = ['shop-7', 'shop-8'];
  const accounts = await new Authors().of(forge, REPOSITORY, [pull()], bring(new Set([sha]), { issues }));
  assert.deepEqual(ids(accounts), [1, 2, 5, 6]);
});

test('where neither all moves nor those of an earlier attempt are shown, authors are not known, and the forge is not asked again and again', async () => {
  const earlier = Array.from({ length: 11 }, () => move(5, 'c'.repeat(40), attempt('shop-7', 1)));
  const forge = forgeOf([move(2, sha, attempt('shop-7', 2)), ...noise(20), ...earlier], 10);
  const authors = new Authors();
  const look = () => authors.of(forge, REPOSITORY, [second], bring(new Set([sha]), { issues: ['shop-7'] }));
  assert.equal(await look(), null);
  const asked = forge.asked.length;
  assert.equal(await look(), null);
  assert.equal(forge.asked.length, asked);
});

test('behind however many moves, authors of what belongs to no Issue are not known', async () => {
  const forge = forgeOf([move(2, sha), ...noise(20)], 10);
  assert.equal(await new Authors().of(forge, REPOSITORY, [pull()], bring(new Set([sha]))), null);
});

test('of more attempts than anybody asks about, authors are not known', async () => {
  const far = pull({ head: { sha, ref: 'rig/shop-7/1000000', repositoryId: 7 } });
  const forge = forgeOf([move(2, sha, attempt('shop-7', 1_000_000)), ...noise(20)], 10);
  const accounts = await new Authors().of(forge, REPOSITORY, [far], bring(new Set([sha]), { issues: ['shop-7'] }));
  assert.equal(accounts, null);
  assert.equal(forge.asked.length, 2);
});

const payload = 'c'.repeat(40);
const trivial = 'd'.repeat(40);
/** The agent's branch has the payload; Ada (5) made hers at a commit on top of it, and somebody else (6) went on from there. */
const below = [
  move(2, sha),
  move(5, trivial, 'refs/heads/ada/tmp'),
  { ...move(6, 'e'.repeat(40), 'refs/heads/ada/tmp'), before: trivial },
];
const builtOn = new Map([
  [trivial, [payload]],
  ['e'.repeat(40), [trivial]],
]);

test('seen by the verifier: who pushed one of its commits below another to any branch is one of the authors, and who went on from there is not', async () => {
  const asked: LineageQuestion[] = [];
  const lineage = async (question: LineageQuestion) => {
    asked.push(question);
    return { builtOn, gone: new Set<string>() };
  };
  const brought = bring(new Set([sha, payload]), { lineage });
  const authors = await new Authors().of(forgeOf(below, 10), REPOSITORY, [pull()], brought);
  assert.deepEqual(ids(authors), [1, 2, 5]);
  assert.deepEqual(asked, [{ own: [sha, payload], tips: [trivial, 'e'.repeat(40)], besides: [trivial] }]);
});

test('who pushed what git does not have any more is one of the authors, and without an answer of git nothing is known', async () => {
  const gone = new Set([trivial]);
  const brought = bring(new Set([sha]), { told: { gone } });
  assert.deepEqual(ids(await new Authors().of(forgeOf(below, 10), REPOSITORY, [pull()], brought)), [1, 2, 5]);
  const lineage = async () => Promise.reject(new Error('git could not be asked'));
  const of = (authors: Authors, told: Partial<Brought>) =>
    authors.of(forgeOf(below, 10), REPOSITORY, [pull()], bring(new Set([sha]), told));
  const authors = new Authors();
  await assert.rejects(of(authors, { lineage }), /git could not be asked/);
  assert.deepEqual(ids(await of(authors, {})), [1, 2]);
});

test('who opened another pull request with one of its commits, from a fork too, is one of the authors from then on', async () => {
  const fork = (id: number, head: string) =>
    pull({ number: id, author: actor(id), head: { sha: head, ref: 'mine', repositoryId: 8 } });
  const authors = new Authors();
  const look = (open: readonly PullRequestSummary[]) =>
    authors.of(
      forgeOf([move(2, sha)], 10),
      REPOSITORY,
      [pull()],
      bring(new Set([sha, payload]), { open, told: { builtOn } }),
    );
  assert.deepEqual(ids(await look([pull()])), [1, 2]);
  assert.deepEqual(ids(await look([pull(), fork(7, trivial), fork(8, 'f'.repeat(40))])), [1, 2, 7]);
});

test('who moved the branch of any attempt of the Issue is one of the authors, whatever they pushed there', async () => {
  const moves = [
    move(2, sha, attempt('shop-7', 2)),
    move(5, 'f'.repeat(40), attempt('shop-7', 1)),
    move(6, 'f'.repeat(40), attempt('shop-70', 1)),
  ];
  assert.deepEqual(
    ids(await new Authors().of(forgeOf(moves, 10), REPOSITORY, [second], bring(new Set([sha])))),
    [1, 2, 5],
  );
});
