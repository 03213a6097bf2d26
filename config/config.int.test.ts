import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { KubeClient, type KubeObject, loadKubeConfig, PODS } from '#lib/kube';
import { served } from '../crds/fixtures.int-kit.ts';
import { type TestCluster, testCluster } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';

const tenant = 'tenant-sample';

let cluster: TestCluster;
let client: KubeClient;

before(async () => {
  cluster = await testCluster();
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, 'local'));
  client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  await served(client, tenant);
});

const container = {
  name: 'agent',
  image: 'rig-agent-runtime:node',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const pod = (spec: object) =>
  ({
    metadata: { name: 'probe', namespace: tenant },
    spec: { serviceAccountName: 'rig-agent', ...spec },
  }) as unknown as KubeObject;

test('a tenant takes a restricted pod and refuses one that could become root', async () => {
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  await client.create(PODS, pod({ securityContext, containers: [container] }), { dryRun: true });
  const open = client.create(PODS, pod({ containers: [{ ...container, securityContext: {} }] }), { dryRun: true });
  await assert.rejects(open, /violates PodSecurity "restricted/);
});

test('applying config/local again changes nothing', async () => {
  const folder = join(import.meta.dirname, 'local');
  assert.equal(await cluster.kubectl('diff', '--server-side', '--force-conflicts', '-k', folder), '');
});

test('every sample is accepted', async () => {
  const folder = join(import.meta.dirname, 'samples');
  const apply = (...what: string[]) => cluster.kubectl('apply', '--dry-run=server', ...what);
  const applied = await Promise.all([
    apply('-f', join(folder, 'agenttask.yaml'), '-f', join(folder, 'approval.yaml')),
    apply('-k', folder),
  ]);
  const kinds = applied.join('').match(/^[a-z]+(?=\.rig\.dashecorp\.com\/\S+ (created|configured|unchanged))/gm);
  assert.deepEqual(kinds?.sort(), ['agent', 'agent', 'agenttask', 'approval', 'issue', 'repository', 'tierpolicy']);
});

test('kubectl get agenttasks shows the subject, whichever reference it is', async () => {
  const folder = join(import.meta.dirname, 'samples');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(folder, 'agenttask.yaml'));
  const rows = await cluster.kubectl('get', 'at', '-n', tenant, '--no-headers');
  await cluster.kubectl('delete', '-f', join(folder, 'agenttask.yaml'));
  assert.match(rows, /^short-option-equals-implement-1-1 +short-option-equals +dev-e +implement /m);
});

for (const [field, says] of [
  ['issues.spec.tier', 'It can be raised, never lowered.'],
  ['repository.spec.egress', 'What is not listed is refused and told as EGRESS_DENIED.'],
  ['repository.spec.egress.allow', 'Port 443 alone, or the one that is written after a colon.'],
] as const)
  test(`kubectl explain ${field} tells what it is for`, async () => {
    await until('the field is explained', async () => {
      const text = await cluster.kubectl('explain', field);
      return text.replaceAll(/\s+/g, ' ').includes(says);
    });
  });
