import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { KubeClient, type KubeObject, loadKubeConfig, PODS, type Resource } from '#lib/kube';
import { served } from '../crds/fixtures.int-kit.ts';
import { type TestCluster, testCluster } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';

const system = 'rig-system';
const tenant = 'tenant-sample';
const reviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

let cluster: TestCluster;
let client: KubeClient;

before(async () => {
  cluster = await testCluster();
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, 'local'));
  client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  await served(client, tenant);
});

/** Whether the ServiceAccount may do `verb resource[.group][/subresource] [name]` in a namespace, or in all of them. */
async function allowed(account: string, request: string, namespace?: string): Promise<boolean> {
  const [verb, what = '', name] = request.split(' ');
  const [path = '', subresource] = what.split('/');
  const [resource, ...group] = path.split('.');
  const resourceAttributes = { verb, resource, group: group.join('.'), subresource, name, namespace };
  const user = `system:serviceaccount:${account.replace('/', ':')}`;
  const groups = ['system:serviceaccounts', 'system:authenticated'];
  const review = { metadata: {}, spec: { user, groups, resourceAttributes } } as unknown as KubeObject;
  const { status } = (await client.create(reviews, review)) as { status?: { allowed: boolean } };
  return status?.allowed === true;
}

const rig = 'rig.dashecorp.com';
const conductor = `${system}/rig-conductor`;
const intake = `${system}/rig-intake`;
const proxy = `${system}/rig-proxy`;
const agent = `${tenant}/rig-agent`;

const may: [account: string, request: string, namespace?: string][] = [
  [conductor, `watch issues.${rig}`],
  [conductor, `list repositories.${rig}`],
  [conductor, `patch issues.${rig}/status`],
  [conductor, 'create tokenreviews.authentication.k8s.io'],
  [conductor, 'create events.events.k8s.io', tenant],
  [conductor, `create agenttasks.${rig}`, tenant],
  [conductor, `get agenttasks.${rig}`, tenant],
  [conductor, 'create jobs.batch', tenant],
  [conductor, 'list pods', tenant],
  [conductor, 'get secrets', tenant],
  [conductor, 'create leases.coordination.k8s.io', system],
  [conductor, 'update leases.coordination.k8s.io rig-conductor', system],
  [conductor, 'get secrets rig-conductor-signing-key', system],
  [intake, `create issues.${rig}`, tenant],
  [intake, `patch issues.${rig}`, tenant],
];

const mayNot: typeof may = [
  // Nothing that decides who may do what, or what is admitted.
  ...[conductor, intake, proxy, agent].flatMap((account): typeof may => [
    [account, 'create validatingwebhookconfigurations.admissionregistration.k8s.io'],
    [account, 'delete validatingadmissionpolicies.admissionregistration.k8s.io'],
    [account, 'patch customresourcedefinitions.apiextensions.k8s.io'],
    [account, 'create clusterrolebindings.rbac.authorization.k8s.io'],
    [account, 'bind clusterroles.rbac.authorization.k8s.io'],
    [account, 'escalate roles.rbac.authorization.k8s.io', tenant],
    [account, 'impersonate users'],
    [account, 'create serviceaccounts/token', tenant],
    [account, 'create pods/exec', tenant],
    [account, 'patch pods/ephemeralcontainers', tenant],
    [account, 'get secrets', 'kube-system'],
    [account, 'list secrets', tenant],
    [account, `create repositories.${rig}`, tenant],
    [account, `patch agents.${rig}`, tenant],
    [account, `delete issues.${rig}`, tenant],
    [account, 'patch namespaces tenant-sample'],
  ]),
  // The conductor works in tenants' namespaces alone, and reads only its own Secret in its own.
  [conductor, 'create jobs.batch', 'default'],
  [conductor, 'list pods'],
  [conductor, 'get nodes'],
  [conductor, 'get secrets', 'default'],
  [conductor, `create agenttasks.${rig}`, 'default'],
  [conductor, 'get secrets another', system],
  [conductor, 'create pods', tenant],
  [conductor, `create issues.${rig}`, tenant],
  [conductor, `patch issues.${rig}`, tenant],
  // The intake takes issues in, and nothing else.
  [intake, `patch issues.${rig}/status`, tenant],
  [intake, 'get secrets', tenant],
  [intake, 'create jobs.batch', tenant],
  [intake, `create issues.${rig}`, 'default'],
  // The proxy and the agents have nothing of the cluster.
  [proxy, 'get secrets', system],
  [proxy, 'list pods', tenant],
  [agent, `get issues.${rig}`, tenant],
  [agent, 'get secrets', tenant],
  [agent, 'get configmaps', tenant],
  [agent, `patch agenttasks.${rig}/status`, tenant],
];

test('each program may do what its work needs', async () => {
  for (const [account, request, namespace] of may) {
    // The authorizer sees new roles a moment after they are written.
    await until(
      `${account} may ${request} in ${namespace ?? 'all namespaces'}`,
      () => allowed(account, request, namespace),
      5_000,
    );
  }
});

test('no program may weaken a guard, leave its namespace, or read what is not its own', async () => {
  for (const [account, request, namespace] of mayNot) {
    assert.equal(
      await allowed(account, request, namespace),
      false,
      `${account} ${request} in ${namespace ?? 'all namespaces'}`,
    );
  }
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
  const args = ['apply', '--dry-run=server', '-f', join(folder, 'agenttask.yaml'), '-k', folder];
  const applied = await Promise.all([
    cluster.kubectl(...args.slice(0, 4)),
    cluster.kubectl(...args.slice(0, 2), ...args.slice(4)),
  ]);
  const kinds = applied.join('').match(/^[a-z]+(?=\.rig\.dashecorp\.com\/\S+ (created|configured|unchanged))/gm);
  assert.deepEqual(kinds?.sort(), ['agent', 'agent', 'agenttask', 'issue', 'repository']);
});

test('kubectl get agenttasks shows the subject, whichever reference it is', async () => {
  const folder = join(import.meta.dirname, 'samples');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(folder, 'agenttask.yaml'));
  const rows = await cluster.kubectl('get', 'at', '-n', tenant, '--no-headers');
  await cluster.kubectl('delete', '-f', join(folder, 'agenttask.yaml'));
  assert.match(rows, /^short-option-equals-implement-1-1 +short-option-equals +dev-e +implement /m);
});

test('kubectl explain tells what a field is for', async () => {
  await until('the field is explained', async () => {
    const text = await cluster.kubectl('explain', 'issues.spec.tier');
    return text.replaceAll(/\s+/g, ' ').includes('It can be raised, never lowered.');
  });
});
