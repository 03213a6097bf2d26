import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../testing/approval.ts';
import {
  changedManifests,
  isManifest,
  type Manifest,
  manifestDigest,
  normalManifest,
  removalDigest,
} from './manifest.ts';

interface Vector {
  readonly title: string;
  readonly manifest: Manifest;
  readonly normal: object;
  readonly digest: string;
  readonly removal: string;
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', 'manifests.json'), 'utf8')) as Vector[];

for (const { title, manifest, normal, digest, removal } of vectors) {
  test(`golden vector of a manifest: ${title}`, () => {
    assert.deepEqual(normalManifest(manifest), normal);
    assert.equal(manifestDigest(manifest, sha256), digest);
    assert.equal(manifestDigest(normal as Manifest, sha256), digest);
    assert.equal(removalDigest(manifest, sha256), removal);
  });
}

const job = (spec: object, template: object = {}): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'migrate', namespace: 'shop', labels: { 'rig.dashecorp.com/migration': 'true' } },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'shop:v1', ...template }] } },
    ...spec,
  },
});
const same = (a: Manifest, b: Manifest) => manifestDigest(a, sha256) === manifestDigest(b, sha256);

test('a number of completions or of pods at a time is dropped only where the API server would put the same', () => {
  assert.ok(same(job({}), job({ parallelism: 1, completions: 1 })));
  assert.ok(same(job({ completions: 5 }), job({ completions: 5, parallelism: 1 })));
  assert.ok(!same(job({}), job({ parallelism: 1 })), 'without completions it is a queue of work');
  assert.ok(!same(job({}), job({ completions: 2, parallelism: 1 })));
});

test('when an image is pulled by default depends on its tag', () => {
  const pull = (image: string, imagePullPolicy?: string) =>
    job({}, { image, ...(imagePullPolicy && { imagePullPolicy }) });
  assert.ok(same(pull('shop:v1'), pull('shop:v1', 'IfNotPresent')));
  assert.ok(!same(pull('shop:v1'), pull('shop:v1', 'Always')));
  assert.ok(same(pull('reg:5000/shop'), pull('reg:5000/shop', 'Always')));
  assert.ok(!same(pull('shop:latest'), pull('shop:latest', 'IfNotPresent')));
  assert.ok(same(pull(`shop@sha256:${'a'.repeat(64)}`), pull(`shop@sha256:${'a'.repeat(64)}`, 'IfNotPresent')));
});

const changes: [string, (manifest: Manifest) => unknown][] = [
  ['its name', (one) => ({ ...one, metadata: { ...one.metadata, name: 'other' } })],
  ['its namespace', (one) => ({ ...one, metadata: { ...one.metadata, namespace: 'other' } })],
  ['a label', (one) => ({ ...one, metadata: { ...one.metadata, labels: { a: 'b' } } })],
  ['an annotation', (one) => ({ ...one, metadata: { ...one.metadata, annotations: { a: 'b' } } })],
  [
    'an owner, with whose end it would go',
    (one) => ({ ...one, metadata: { ...one.metadata, ownerReferences: [{ uid: 'u' }] } }),
  ],
  ['its version', (one) => ({ ...one, apiVersion: 'v2' })],
  ['a member of its own', (one) => ({ ...one, immutable: true })],
  ['a value in it', (one) => ({ ...one, data: { user: 'Ym9i' } })],
];
for (const [what, change] of changes) {
  test(`a manifest with another digest when it changes ${what}`, () => {
    const secret: Manifest = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'db', namespace: 'shop' },
      data: { user: 'YWRh' },
    };
    assert.ok(!same(secret, change(secret) as Manifest));
  });
}

const volume = (kind: string, annotations: Record<string, string> = {}, apiVersion = 'v1'): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: 'data', ...(kind === 'PersistentVolumeClaim' ? { namespace: 'shop' } : {}), annotations },
  spec: { storageClassName: 'retained' },
});

for (const annotation of [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'volume.kubernetes.io/storage-resizer',
  'volume.kubernetes.io/node-expansion-not-required',
]) {
  test(`a claim is what was signed when a controller of the cluster has noted ${annotation}`, () => {
    assert.ok(same(volume('PersistentVolumeClaim'), volume('PersistentVolumeClaim', { [annotation]: 'x' })));
    const namesake = 'example.com/v1';
    assert.ok(
      !same(
        volume('PersistentVolumeClaim', {}, namesake),
        volume('PersistentVolumeClaim', { [annotation]: 'x' }, namesake),
      ),
      'not in a kind of that name that somebody else defined',
    );
  });
}

for (const [kind, annotation] of [
  ['PersistentVolumeClaim', 'volume.beta.kubernetes.io/storage-class'],
  ['PersistentVolumeClaim', 'pv.kubernetes.io/migrated-to'],
  ['PersistentVolume', 'volume.beta.kubernetes.io/storage-class'],
  ['PersistentVolume', 'volume.beta.kubernetes.io/mount-options'],
  ['PersistentVolume', 'pv.kubernetes.io/provisioned-by'],
  ['PersistentVolume', 'pv.kubernetes.io/migrated-to'],
  ['PersistentVolume', 'pv.kubernetes.io/bound-by-controller'],
  ['PersistentVolume', 'volume.kubernetes.io/provisioner-deletion-secret-name'],
] as const) {
  test(`a ${kind} is another than was signed with the annotation ${annotation}`, () => {
    assert.ok(!same(volume(kind), volume(kind, { [annotation]: 'ephemeral' })));
  });
}

test('whatever JSON an object holds beside, its digest is the same when what the server keeps is added', () => {
  const members = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
  fc.assert(
    fc.property(members, ({ status: _, metadata: __, kind: ___, apiversion: ____, ...spec }) => {
      const manifest = {
        apiVersion: 'example.com/v1',
        kind: 'Thing',
        metadata: { name: 'a' },
        spec,
      } as unknown as Manifest;
      const kept = {
        ...manifest,
        metadata: { ...manifest.metadata, uid: 'u', generation: 3, selfLink: null },
        status: { x: 1 },
      };
      assert.equal(manifestDigest(kept as Manifest, sha256), manifestDigest(manifest, sha256));
    }),
  );
});

test('consent to an object is none to its end', () => {
  for (const { manifest } of vectors)
    assert.notEqual(manifestDigest(manifest, sha256), removalDigest(manifest, sha256));
});

test('a change consents to what is new or another, and to the end of what is there no more', () => {
  const [secret, binding, namespace] = vectors.map(({ manifest }) => manifest) as [Manifest, Manifest, Manifest];
  const moved = { ...secret, data: {} };
  const digests = changedManifests({ before: [secret, binding, 'text', null], after: [moved, namespace, 7] }, sha256);
  const wanted = [manifestDigest(moved, sha256), manifestDigest(namespace, sha256), removalDigest(binding, sha256)];
  assert.deepEqual(digests, wanted.sort());
  assert.deepEqual(changedManifests({ before: [secret], after: [secret] }, sha256), []);
});

test('a value that is no object with a name is no manifest', () => {
  for (const value of [
    null,
    1,
    'kind: Secret',
    [],
    {},
    { apiVersion: 'v1', kind: 'Secret' },
    { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 'a-' } },
  ]) {
    assert.equal(isManifest(value), false);
  }
  assert.equal(isManifest(vectors[0]!.manifest), true);
});
