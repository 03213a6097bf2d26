import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Manifest } from '#domain';
import type { KubeObject, Resource } from '#lib/kube';
import { served } from '../../crds/fixtures.int-kit.ts';
import { clusterLife, type TestCluster, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { CONFIGURATIONS, startAdmission, TENANT, type TestAdmission } from './admission.int-kit.ts';
import { NAMESPACE, T3, text } from './manifests.int-kit.ts';

// Every write of the cluster may be asked about here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const SECRET: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

let cluster: TestCluster;
let admission: TestAdmission;

before(async () => {
  cluster = await testCluster();
  const config = join(import.meta.dirname, '../../config/local');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', config);
  admission = await startAdmission(clusterLife as never, cluster);
  await served(admission.client, TENANT);
  await cluster.kubectl('apply', '-f', join(import.meta.dirname, '../../policies/tiers/node.yaml'));
  for (const object of await admission.webhooks('webhooks')) await admission.client.create(CONFIGURATIONS, object);
  await cluster.kubectl('create', 'namespace', NAMESPACE);
  await cluster.kubectl('label', 'namespace', NAMESPACE, 'rig.dashecorp.com/governed=true');
  await until('the API server asks the verifier', () => refused(create(secret('probe'), { dryRun: true })));
});

/** What whoever writes is told; undefined where it was done. */
const refused = (done: Promise<unknown>): Promise<string | undefined> =>
  done.then(
    () => undefined,
    (error: { stderr?: string; message: string }) => error.stderr ?? error.message,
  );
const secret = (name: string, user = 'YWRh') =>
  text(`{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: ${NAMESPACE}}, data: {user: ${user}}}`);
const create = (manifest: Manifest, options = {}) =>
  admission.client.create(SECRET, manifest as unknown as KubeObject, options);
const flux = (manifest: Manifest) =>
  admission.client.apply(SECRET, manifest as unknown as KubeObject, {
    fieldManager: 'kustomize-controller',
    force: true,
  });
const remove = ({ metadata }: Manifest) =>
  admission.client.delete(SECRET, { namespace: NAMESPACE, name: metadata.name! });
const versionOf = async (name: string) =>
  (await admission.client.get(SECRET, { namespace: NAMESPACE, name })).metadata.resourceVersion!;

/** Logs tell seconds, and of two in one nobody knows which was the last word. */
async function aSecondLater(): Promise<void> {
  const from = Date.now();
  await until('a second has passed, which is what logs count in', () => Date.now() > from + 1_100);
}

test('what was agreed on last stands where its Approval is deleted, and after a restart: an older version comes back by no old signature', async () => {
  const [older, newer, gone] = [secret('again'), secret('again', 'Ym9i'), secret('again-gone')];
  await admission.approve('again-1', { manifests: [older, gone] });
  await create(older);
  await create(gone);
  await aSecondLater();
  await admission.approve('again-2', { manifests: [newer], removals: [gone] });
  await flux(newer);
  await remove(gone);
  await admission.revoke('again-2');
  const says = /Approval tenant-sample\/again-1 names it, but tenant-sample\/again-2, which was not signed before it/;
  const isRefused = async () => {
    assert.match((await refused(flux(older))) ?? '', says);
    assert.match((await refused(create(gone))) ?? '', says);
  };
  await isRefused();
  await admission.stop();
  await admission.start();
  await until('the verifier has seen everything again', async () => says.test((await refused(flux(older))) ?? ''));
  await isRefused();
  const merged = admission.world.fate;
  try {
    // Who gives a change up has given up what it wanted.
    admission.world.fate = { state: 'merged', headSHA: 'b'.repeat(40), baseRef: 'main', at: Date.now() };
    assert.doesNotMatch((await refused(flux(older))) ?? '', says);
    admission.world.fate = { state: 'unknown', why: 'The forge does not answer.' };
    assert.match((await refused(flux(older))) ?? '', /cannot be told now/);
  } finally {
    admission.world.fate = merged;
  }
  await flux(newer);
});

test('a label that asks for nothing needs consent, and one that asks for it hides nothing of what was agreed on last', async () => {
  const [older, newer] = [secret('labelled'), secret('labelled', 'Ym9i')];
  await admission.approve('labelled-1', { manifests: [older] });
  await create(older);
  await aSecondLater();
  await admission.approve('labelled-2', { manifests: [newer] });
  await flux(newer);
  const label = (...labels: string[]) => cluster.kubectl('label', 'secret', 'labelled', '-n', NAMESPACE, ...labels);
  for (const nothing of [`${T3}=T1`, 'rig.dashecorp.com/governed=x'])
    assert.match((await refused(label(nothing))) ?? '', /needs the consent of a person/);
  await label(`${T3}=T3`, 'rig.dashecorp.com/governed=true');
  const old = { ...older, metadata: { ...older.metadata, resourceVersion: await versionOf('labelled') } };
  const replaced = admission.client.replace(SECRET, old as unknown as KubeObject);
  assert.match((await refused(replaced)) ?? '', /labelled-2, which was not signed before it, agreed on something else/);
});

test('an older consent to its end does not end what somebody agreed on later', async () => {
  const [older, newer] = [secret('kept'), secret('kept', 'Ym9i')];
  await admission.approve('kept-1', { manifests: [older] });
  await create(older);
  await aSecondLater();
  await admission.approve('kept-ended', { removals: [older] });
  await aSecondLater();
  await admission.approve('kept-2', { manifests: [newer] });
  await flux(newer);
  const says = /kept-2, which was not signed before it, agreed on something else/;
  assert.match((await refused(remove(newer))) ?? '', says);
  await aSecondLater();
  await admission.approve('kept-ended-2', { removals: [newer] });
  await remove(newer);
});
