import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRuns } from './check-runs.ts';
import type { Client } from './client.ts';
import { json, scripted } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const repo = { owner: 'acme', name: 'widgets' };
const sha = 'a'.repeat(40);
const run = (over: object) => ({
  id: 1,
  name: 'rig/approval',
  head_sha: sha,
  status: 'completed',
  conclusion: 'success',
  external_id: 'x',
  app: { slug: 'rig-verifier' },
  ...over,
});

/** The checks of App rig-verifier at a forge that lists these. */
function checksOf(...listed: object[]) {
  const octokit = { rest: { checks: { listForRef: async () => ({ data: { check_runs: listed } }) } } };
  const client = { appSlug: async () => 'rig-verifier', read: (read: (of: unknown) => unknown) => read(octokit) };
  return checkRuns(client as unknown as Client);
}

test('of the checks of a name on a commit the newest of the own App counts, and nobody else’s', async () => {
  const others = [
    run({ id: 9, app: { slug: 'mallory-ci' } }),
    run({ id: 8, app: null }),
    run({ id: 7, name: 'other' }),
    run({ id: 6, head_sha: 'b'.repeat(40) }),
  ];
  const own = [run({ id: 3, conclusion: 'action_required' }), run({ id: 4, status: 'in_progress', conclusion: null })];
  const found = await checksOf(...others, ...own, run({ id: 2 })).ownCheck(repo, sha, 'rig/approval');
  assert.deepEqual(found, { id: 4, status: 'in_progress', conclusion: null, externalId: 'x' });
  assert.equal(await checksOf(...others).ownCheck(repo, sha, 'rig/approval'), null);
});

test('a conclusion or a status that is not known is no success', async () => {
  const odd = await checksOf(run({ conclusion: 'neutral' })).ownCheck(repo, sha, 'rig/approval');
  assert.equal(odd?.conclusion, 'other');
  const new_ = await checksOf(run({ status: 'waiting', conclusion: null })).ownCheck(repo, sha, 'rig/approval');
  assert.deepEqual([new_?.status, new_?.conclusion], ['queued', null]);
});

test('an identity that is no App has no checks of its own, and nothing is asked', async () => {
  const { fetch, asked } = scripted(json({}));
  const forge = createForge({ baseURL: 'https://api.github.com', token: 'ghp_x', fetch });
  await assert.rejects(
    forge.ownCheck(repo, sha, 'rig/approval'),
    (error: unknown) => error instanceof ForgeError && error.code === 'Forbidden' && /Only an App/.test(error.message),
  );
  assert.equal(asked.length, 0);
});
