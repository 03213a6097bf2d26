import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Waiting } from '#lib/kube';
import { soleMerge } from './sole-merge.ts';

test('a second merge of a repository waits while the first is under way, others and later ones do not', async () => {
  const owner = {};
  const first = Promise.withResolvers<string>();
  const merging = soleMerge(owner, 'a', () => first.promise);
  const refused = await soleMerge(owner, 'a', async () => 'merged').catch((error: unknown) => error);
  assert.ok(refused instanceof Waiting && refused.reason === 'BaseBusy' && refused.afterMs <= 1_000);
  assert.equal(await soleMerge(owner, 'b', async () => 'another repository'), 'another repository');
  assert.equal(await soleMerge({}, 'a', async () => 'another conductor'), 'another conductor');
  first.resolve('first');
  assert.equal(await merging, 'first');
  assert.equal(await soleMerge(owner, 'a', async () => 'later'), 'later');
});

test('a merge that failed is not in the way of the next', async () => {
  const owner = {};
  await assert.rejects(
    soleMerge(owner, 'a', () => Promise.reject(new Error('no answer'))),
    /no answer/,
  );
  assert.equal(await soleMerge(owner, 'a', async () => 'merged'), 'merged');
});
