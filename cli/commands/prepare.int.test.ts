import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiVersion, type Issue, resources } from '#crds';
import { KubeClient, type KubeObject, loadKubeConfig, type Resource } from '#lib/kube';
import { served } from '../../crds/fixtures.int-kit.ts';
import { testCluster, testNamespace } from '../../test/kit/cluster.ts';
import { askPreparation } from './prepare.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const root = join(import.meta.dirname, '../..');

test('an asking that no conductor takes up is gone from the Issue, as the API server has it under its policy', async (t) => {
  const cluster = await testCluster();
  for (const from of [
    ['-k', join(root, 'crds')],
    ['-f', join(root, 'config/rbac/preparations.yaml')],
  ])
    await cluster.kubectl('apply', '--server-side', '--force-conflicts', ...from);
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  t.after(() => client.close());
  const namespace = await testNamespace(t, 'prepare');
  await served(client, namespace);
  const ref = { namespace, name: 'fix-1' };
  const metadata = { ...ref, annotations: { 'example.com/mood': 'fine' } };
  const spec = { repositoryRef: { name: 'widgets' }, title: 'Sign in' };
  const issue = await client.create(ISSUES, { apiVersion, kind: 'Issue', metadata, spec } as unknown as Issue &
    KubeObject);
  await client.applyStatus(ISSUES, { ...issue, status: { phase: 'AwaitingHuman', effectiveTier: 'T3' } } as KubeObject);
  await assert.rejects(
    askPreparation(client, ref, 'Show me.', 1),
    /No conductor has recorded it, and it was taken back/,
  );
  assert.deepEqual((await client.get(ISSUES, ref)).metadata.annotations, { 'example.com/mood': 'fine' });
});
