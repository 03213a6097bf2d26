import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityFacts, Actor, PullRequestSummary } from '#lib/forge';
import { Authors } from './authors.ts';

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
const ask = (
  moves: readonly ActivityFacts[],
  pulls = [pull()],
  commits: ReadonlySet<string> | null = new Set<string>(),
  complete = true,
) => {
  const listActivity = async () => ({ notModified: false as const, items: moves, etag: null, complete });
  return new Authors().of({ listActivity }, { owner: 'acme', name: 'widgets' }, pulls, commits);
};

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
  const look = () => authors.of({ listActivity }, { owner: 'acme', name: 'widgets' }, [pull()], new Set());
  assert.equal(await look(), null);
  for (let times = 0; times < 3; times += 1)
    assert.deepEqual(
      (await look())?.map(({ id }) => id),
      [1, 2],
    );
  assert.deepEqual(asked, ['refs/heads/work', 'refs/heads/work', undefined]);
});
