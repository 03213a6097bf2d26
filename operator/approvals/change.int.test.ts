import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BareCopies, GitCache } from '#lib/git';
import { readDocuments } from '#lib/yaml';
import { type Manifest, manifestDigest, removalDigest } from '../../domain/approval/manifest.ts';
import { fileLife, repositoryReady, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { REPOSITORIES } from '../objects.ts';
import { Changes } from './change.ts';
import { sha256 } from './hash.ts';

const BRANCH = 'rig/one/1';
const rig = await testConductor(fileLife);
rig.manager.start();
await applyTenant(rig);
await repositoryReady(rig);
const { world } = rig;
const repository = await rig.client.get(REPOSITORIES, { namespace: rig.namespace, name: 'widgets' });
const changes = new Changes(rig.conductor.forges, new GitCache(new BareCopies(join(rig.dir, 'git'))));
const push = (branch: string) => world.git('work', 'push', '-q', world.remote('dev'), `HEAD:${branch}`);
const at = (sha: string) => ({ number: 7, branch: BRANCH, sha });

test('a change is every path by both names of a renamed file, from where it and its base part, whoever else merges', async () => {
  const start = await world.git('work', 'rev-parse', 'HEAD');
  await world.git('work', 'mv', 'a.txt', 'renamed.txt');
  const head = await world.commit('work', 'späte\tDatei "x".txt', 'one\n', 'rename and add');
  await push(BRANCH);
  const change = await changes.of(repository, at(head));
  assert.deepEqual(
    { ...change, paths: change.paths.toSorted() },
    {
      number: 7,
      headSHA: head,
      baseSHA: start,
      paths: ['a.txt', 'renamed.txt', 'späte\tDatei "x".txt'],
      manifests: [],
    },
  );
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
  await assert.rejects(changes.of(repository, at(head)), { name: 'ApprovalError', code: 'BadText' });
});

test('a merge with several bases hides a path from whoever reads from one of them, so nobody approves it', async () => {
  const git = (...args: string[]) => world.git('work', ...args);
  await git('fetch', '-q', world.remote('dev'), 'main');
  await git('checkout', '-q', '-B', 'trunk', 'FETCH_HEAD');
  await world.commit('work', 'auth.ts', 'vulnerable\n', 'the code');
  await git('checkout', '-q', '-B', 'fix');
  const fix = await world.commit('work', 'auth.ts', 'mended\n', 'the fix');
  await git('checkout', '-q', 'trunk');
  const before = await world.commit('work', 'other.txt', 'x\n', 'something else');
  await git('merge', '-q', '--no-ff', '-m', 'take the fix', fix);
  await push('main');
  await git('checkout', '-q', '-B', 'attack', before);
  await git('merge', '-q', '-s', 'ours', '-m', 'nothing to see', fix);
  const head = await world.commit('work', 'doc.md', 'x\n', 'a page');
  await git('push', '-q', '-f', world.remote('dev'), `HEAD:${BRANCH}`);
  await assert.rejects(changes.of(repository, at(head)), { name: 'ApprovalError', code: 'Unreadable' });
});

test('a change consents to the manifests that it brings or changes, and to the removal of those that it takes away', async () => {
  const git = (...args: string[]) => world.git('work', ...args);
  const map = (name: string, value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: shop }\ndata: { a: ${value} }\n`;
  await git('fetch', '-q', world.remote('dev'), 'main');
  await git('checkout', '-q', '-B', 'trunk', 'FETCH_HEAD');
  await world.commit('work', 'gitops/all.yaml', [map('kept', '"1"'), map('gone', '"1"')].join('---\n'), 'manifests');
  await push('main');
  await world.commit(
    'work',
    'gitops/all.yaml',
    [map('kept', '"1"'), map('new', '"1"')].join('---\n'),
    'other manifests',
  );
  const head = await world.commit('work', 'values.yaml', 'a: {{ .Values }}\n', 'what is no manifest');
  await git('push', '-q', '-f', world.remote('dev'), `HEAD:${BRANCH}`);
  const object = (name: string) => readDocuments(map(name, '"1"'))[0] as Manifest;
  const { manifests, paths } = await changes.of(repository, at(head));
  assert.deepEqual(manifests, [manifestDigest(object('new'), sha256), removalDigest(object('gone'), sha256)].sort());
  assert.deepEqual([...paths].sort(), ['gitops/all.yaml', 'values.yaml']);
});
