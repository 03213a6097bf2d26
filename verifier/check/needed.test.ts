import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import { neededOf } from './needed.ts';

const API = 'https://api.forge.test';
const HERE = { host: 'api.forge.test', id: 7 };

function known(repositories: readonly (readonly [name: string, id?: number, apiURL?: string])[], seen = {}) {
  const list = () =>
    repositories.map(([name, repositoryID, apiURL = API]) => ({
      metadata: { namespace: 'tenant', name },
      spec: { apiURL, defaultBranch: `main-of-${name}` },
      ...(repositoryID === undefined ? {} : { status: { forge: { repositoryID } } }),
    })) as (Repository & { metadata: { uid: string } })[];
  return {
    repositories: { list, hasSynced: () => true },
    seenAs: (key: string) => (seen as Record<string, number>)[key],
  };
}

test('of a copy the base branches of all Repositories are needed that the conductor says stand for it, or that were seen to', () => {
  const four = known([['a', 7], ['b'], ['c', 8], ['d', 7, 'https://other.test']], { 'tenant/b': 7, 'tenant/c': 9 });
  const refs = ['refs/verifier/heads/main-of-a', 'refs/verifier/heads/main-of-b'];
  assert.deepEqual(neededOf(four, HERE), { refs, commits: [] });
});

test('of a copy that no Repository stands for nothing names anything, and while they are not known nobody can say', () => {
  assert.equal(neededOf(known([['a', 8], ['b'], ['c', 7, 'https://other.test']]), HERE), null);
  const { repositories, seenAs } = known([]);
  assert.throws(
    () => neededOf({ repositories: { ...repositories, hasSynced: () => false }, seenAs }, HERE),
    /not known/,
  );
});
