import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { KubeClient, loadKubeConfig, NAMESPACES } from '#lib/kube';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { ISSUES } from '../objects.ts';
import { clusterConductor } from './cluster.int-kit.ts';
import { applyIssue } from './objects.int-kit.ts';

test('the conductor of a test file follows no object of another file on the control plane they share', async () => {
  const rig = await clusterConductor();
  const { kubeconfigPath } = await testCluster();
  const other = new KubeClient(loadKubeConfig({ path: kubeconfigPath }));
  clusterLife.after(() => other.close());
  const namespace = `other-${randomBytes(4).toString('hex')}`;
  await other.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  clusterLife.after(() => other.delete(NAMESPACES, { name: namespace }));
  const foreign = { ...rig, client: other, namespace };
  const { issues } = rig.conductor.objects;

  await applyIssue(foreign, 'listed');
  rig.manager.start();
  await applyIssue(rig, 'own');
  await until('the own Issue', () => issues.get(rig.namespace, 'own'));
  await applyIssue(foreign, 'watched');
  await applyIssue(rig, 'later');
  await until('the later Issue', () => issues.get(rig.namespace, 'later'));

  const { items } = await other.list(ISSUES, { namespace });
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['listed', 'watched']);
  assert.deepEqual(
    issues
      .list()
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort(),
    [`${rig.namespace}/later`, `${rig.namespace}/own`],
  );
});
