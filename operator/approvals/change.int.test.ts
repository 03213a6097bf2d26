import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileLife, repositoryReady, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { GitCache } from '../gateway/cache.ts';
import { REPOSITORIES } from '../objects.ts';
import { Changes } from './change.ts';

const BRANCH = 'rig/one/1';
const rig = await testConductor(fileLife);
rig.manager.start();
await applyTenant(rig);
await repositoryReady(rig);
const { world } = rig;
const repository = await rig.client.get(REPOSITORIES, { namespace: rig.namespace, name: 'widgets' });
const changes = new Changes(rig.conductor.forges, new GitCache(join(rig.dir, 'git')));
const push = (branch: string) => world.git('work', 'push', '-q', world.remote('dev'), `HEAD:${branch}`);
const at = (sha: string) => ({ number: 7, branch: BRANCH, sha });

test('a change is every path by both names of a renamed file, from where it and its base part, whoever else merges', async () => {
  const start = await world.git('work', 'rev-parse', 'HEAD');
  await world.git('work', 'mv', 'a.txt', 'renamed.txt');
  const head = await world.commit('work', 'späte\tDatei "x".txt', 'one\n', 'rename and add');
  await push(BRANCH);
  const change = await changes.of(repository, at(head));
  assert.deepEqual(change, {
    number: 7,
    headSHA: head,
    baseSHA: start,
    paths: ['a.txt', 'renamed.txt', 'späte\tDatei "x".txt'],
    manifests: [],
  });
  await world.git('work', 'checkout', '-q', '-B', 'other', start);
  await world.commit('work', 'elsewhere.txt', 'two\n', 'somebody else');
  await push('main');
  assert.deepEqual(await changes.of(repository, at(head)), change);
});

test('a head that git does not show is not read: nobody approves what moved', async () => {
  await world.git('work', 'checkout', '-q', '-B', 'moved', 'other');
  const old = await world.git('work', 'rev-parse', 'HEAD');
  await world.commit('work', 'more.txt', 'three\n', 'one more push');
  await world.git('work', 'push', '-q', '-f', world.remote('dev'), `HEAD:${BRANCH}`);
  await assert.rejects(changes.of(repository, at(old)), { name: 'Retry', reason: 'HeadMoved' });
});

test('paths that are no text are read by nobody, so nobody approves them', async () => {
  const head = await world.commit('work', 'bad\ufffdname.txt', 'x\n', 'a name that may have been two');
  await world.git('work', 'push', '-q', '-f', world.remote('dev'), `HEAD:${BRANCH}`);
  await assert.rejects(changes.of(repository, at(head)), { name: 'Retry', reason: 'FactUnknown' });
});
