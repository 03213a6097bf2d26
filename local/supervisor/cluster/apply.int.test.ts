import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataDir } from '#lib/datadir';
import { isKubeError, KubeClient, type KubeObject, loadKubeConfig } from '#lib/kube';
import { testCluster, testNamespace } from '../../../test/kit/cluster.ts';
import type { Context } from '../context.ts';
import { Stops } from '../stops.ts';
import { applyAll } from './apply.ts';
import { grantIdentities } from './identities.ts';

const signal = new AbortController().signal;

async function admin(): Promise<KubeClient> {
  const { kubeconfigPath } = await testCluster();
  return new KubeClient(loadKubeConfig({ path: kubeconfigPath }), { fieldManager: 'test' });
}

test('a definition and an object of it are applied in one go, twice, and the second changes nothing', async (t) => {
  const client = await admin();
  t.after(() => client.close());
  const namespace = await testNamespace(t);
  const group = `${namespace}.example.com`;
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Thing', plural: 'things' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as KubeObject;
  const thing = { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'one', namespace }, spec: { size: 1 } };
  const things = { group, version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
  await applyAll(client, [definition, thing], signal);
  const first = await client.get(things, { namespace, name: 'one' });
  await applyAll(client, [definition, thing], signal);
  const second = await client.get(things, { namespace, name: 'one' });
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const { api } = await testCluster();
  await api.call('DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${group}`);
});

test('a program’s kubeconfig names a token file of mode 0600 and is that ServiceAccount, nobody more', async (t) => {
  const client = await admin();
  t.after(() => client.close());
  const { serverURL, kubeconfig, binary } = await testCluster();
  const namespace = await testNamespace(t);
  await client.create(
    { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
    { metadata: { name: 'worker', namespace } },
  );
  const root = await mkdtemp(join(tmpdir(), 'rig-identities-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const stops = new Stops();
  const context = { layout: openDataDir(root), signal, stops } as unknown as Context;
  const ca = kubeconfig.clusters[0].cluster['certificate-authority-data'];
  const caPEM = Buffer.from(ca, 'base64').toString('utf8');
  const admitNode = () => Promise.reject(new Error('no node here'));
  const cluster = { serverURL, caPEM, client, binary, admitNode };
  const files = await grantIdentities(context, cluster, [{ namespace, name: 'worker' }]);
  t.after(() => stops.run());
  const path = files.worker ?? '';
  assert.equal(statSync(path.replace('.kubeconfig', '.token')).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /client-key|"token"/);
  const worker = new KubeClient(loadKubeConfig({ path }));
  t.after(() => worker.close());
  assert.match(await worker.raw('/version'), /gitVersion/);
  const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
  await assert.rejects(worker.list(pods), (error) => isKubeError(error, 'Forbidden') && /worker/.test(error.message));
});
