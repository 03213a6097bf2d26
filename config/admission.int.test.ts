import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { apiVersion } from '#crds';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { served } from '../crds/fixtures.int-kit.ts';
import { clusterLife, type TestCluster, testCluster, testNamespace } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { SYSTEM, VERIFIER } from './permissions.int-kit.ts';

let cluster: TestCluster;
let namespace: string;
let governed: string;
const folder = mkdtempSync(join(tmpdir(), 'rig-policies-'));
clusterLife.after(() => rmSync(folder, { recursive: true, force: true }));

/** Everybody here has every right that RBAC gives: what refuses them is a policy. */
const EVERYTHING = 'admission-test';
const PERSON = ['--as=ada'];
const ROOT = ['--as=ada', '--as-group=rig:root'];
const as = (account: string) => [`--as=system:serviceaccount:${account}`];

before(async () => {
  cluster = await testCluster();
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, 'local'));
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  clusterLife.after(() => client.close());
  namespace = await testNamespace(clusterLife);
  governed = await testNamespace(clusterLife, 'governed');
  await served(client, namespace);
  const subjects = [
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ada' },
    ...[`${namespace}:rig-agent`, `${namespace}:flux`, `${SYSTEM}:rig-conductor`, `${SYSTEM}:rig-intake`].map((one) => {
      const [own = '', name = ''] = one.split(':');
      return { kind: 'ServiceAccount', namespace: own, name };
    }),
  ];
  await apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${EVERYTHING}-${namespace}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects,
  });
  clusterLife.after(() => cluster.kubectl('delete', 'clusterrolebinding', `${EVERYTHING}-${namespace}`));
  await apply(issue('there'));
  await until('the policies hold', async () =>
    /writes nothing/.test((await refused(annotate(as(`${namespace}:rig-agent`)))) ?? ''),
  );
});

let files = 0;
function file(object: object): string {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, JSON.stringify(object));
  return path;
}
const apply = (object: object, ...who: string[]) =>
  cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', file(object), ...who);
const issue = (name: string, spec: object = {}) => ({
  apiVersion,
  kind: 'Issue',
  metadata: { name, namespace },
  spec: { repositoryRef: { name: 'none' }, title: 'A title', ...spec },
});
const annotate = (who: string[]) =>
  cluster.kubectl(
    'annotate',
    'issue',
    'there',
    '-n',
    namespace,
    `a=${files}`,
    '--overwrite',
    ...who,
    '--dry-run=server',
  );
const patch = (who: string[], spec: object, ...more: string[]) =>
  cluster.kubectl(
    'patch',
    'issue',
    'there',
    '-n',
    namespace,
    '--type=merge',
    `-p=${JSON.stringify(spec)}`,
    ...more,
    ...who,
    '--dry-run=server',
  );

const refused = (done: Promise<unknown>): Promise<string | undefined> =>
  done.then(
    () => undefined,
    (error: { stderr?: string; message: string }) => error.stderr ?? error.message,
  );

async function table(cases: readonly [what: string, write: () => Promise<unknown>, RegExp | null][]): Promise<void> {
  for (const [what, write, says] of cases) {
    const said = await refused(write());
    if (says === null) assert.equal(said, undefined, what);
    else assert.match(said ?? `${what}: it was done`, says, what);
  }
}

test('what agents run as writes nothing, of no kind, whatever role is bound to it', async () => {
  const agent = as(`${namespace}:rig-agent`);
  const says = /the ServiceAccount of agents writes nothing/;
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace } };
  await table([
    ['an annotation of its Issue', () => annotate(agent), says],
    ['the spec of its Issue', () => patch(agent, { spec: { title: 'Another' } }), says],
    ['the labels of its Issue', () => patch(agent, { spec: { labels: ['T0'] } }), says],
    ['the tier of its Issue', () => patch(agent, { spec: { tier: 'T0' } }), says],
    [
      'the status of its Issue',
      () => patch(agent, { status: { effectiveTier: 'T0' } }, '--subresource=status'),
      /rig-agents|rig-statuses/,
    ],
    ['an Issue of its own', () => apply(issue('own'), ...agent), says],
    [
      'the end of its Issue',
      () => cluster.kubectl('delete', 'issue', 'there', '-n', namespace, '--dry-run=server', ...agent),
      says,
    ],
    ['a ConfigMap', () => apply(map, ...agent), says],
    [
      'a role',
      () => cluster.kubectl('create', 'clusterrolebinding', 'x', '--clusterrole=cluster-admin', '--user=x', ...agent),
      says,
    ],
    ['a token', () => cluster.kubectl('create', 'token', 'default', '-n', namespace, ...agent), says],
  ]);
});

test('a status is written by the conductor, and by nobody else who has the right', async () => {
  const status = (who: string[]) => patch(who, { status: { phase: 'Done' } }, '--subresource=status');
  const says = /status of a resource of the rig is the conductor's to write/;
  await table([
    ['a person', () => status(PERSON), says],
    ['a person of rig:root', () => status(ROOT), says],
    ['Flux', () => status(as(`${namespace}:flux`)), says],
    ['the intake', () => status(as(`${SYSTEM}:rig-intake`)), says],
    ['the conductor', () => status(as(`${SYSTEM}:rig-conductor`)), null],
  ]);
});

test('the intake writes what is the forge’s, and nothing that people say of an Issue', async () => {
  const intake = as(`${SYSTEM}:rig-intake`);
  const says = /the intake writes (title, body and labels|no annotations)/;
  await table([
    ['title, body and labels', () => patch(intake, { spec: { title: 'T', body: 'B', labels: ['bug'] } }), null],
    ['a tier', () => patch(intake, { spec: { tier: 'T0' } }), says],
    ['a class', () => patch(intake, { spec: { taskClass: 'docs' } }), says],
    ['a task', () => patch(intake, { spec: { taskSpec: { goal: 'Another' } } }), says],
    ['a priority', () => patch(intake, { spec: { priority: 'critical' } }), says],
    ['an end of a suspension', () => patch(intake, { spec: { suspend: true } }), says],
    ['an annotation', () => annotate(intake), says],
    [
      'a new Issue of the forge',
      () => apply(issue('forged', { number: 7, source: 'webhook' }), ...intake, '--dry-run=server'),
      null,
    ],
    ['a new Issue with a tier', () => apply(issue('forged', { tier: 'T0' }), ...intake, '--dry-run=server'), says],
    ['a tier, by a person', () => patch(PERSON, { spec: { tier: 'T3' } }), null],
  ]);
});

test('anybody who may label a namespace has it governed, and rig:root alone takes that away', async () => {
  const label = (text: string, who: string[]) =>
    cluster.kubectl('label', 'namespace', governed, text, '--overwrite', ...who);
  const says = /taken from a namespace by the group rig:root alone/;
  await table([
    ['a person governs it', () => label('rig.dashecorp.com/governed=true', PERSON), null],
    ['a person takes the label off', () => label('rig.dashecorp.com/governed-', PERSON), says],
    ['a person changes the label', () => label('rig.dashecorp.com/governed=false', PERSON), says],
    ['Flux takes the label off', () => label('rig.dashecorp.com/governed-', as(`${namespace}:flux`)), says],
    ['another label', () => label('team=web', PERSON), null],
    ['rig:root takes the label off', () => label('rig.dashecorp.com/governed-', ROOT), null],
  ]);
});

test('what runs in the namespace of the verifier, and what it is given, is for rig:root to say', async () => {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: VERIFIER },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'a', image: 'b', securityContext }],
    },
  };
  const says = /only the group rig:root changes it/;
  const secret = (who: string[]) =>
    cluster.kubectl('create', 'secret', 'generic', 's', '-n', VERIFIER, '--dry-run=server', ...who);
  const deployment = (who: string[]) =>
    cluster.kubectl('create', 'deployment', 'd', '--image=x:1', '-n', VERIFIER, '--dry-run=server', ...who);
  const gone = (who: string[]) => cluster.kubectl('delete', 'namespace', VERIFIER, '--dry-run=server', ...who);
  await table([
    ['a pod of a person', () => apply(pod, ...PERSON, '--dry-run=server'), says],
    ['a Secret of a person', () => secret(PERSON), says],
    ['a Secret of Flux', () => secret(as(`${namespace}:flux`)), says],
    ['a Secret of the conductor', () => secret(as(`${SYSTEM}:rig-conductor`)), says],
    ['a Secret of rig:root', () => secret(ROOT), null],
    [
      'a quota of a person that leaves no room for it',
      () => cluster.kubectl('create', 'quota', 'none', '--hard=pods=0', '-n', VERIFIER, '--dry-run=server', ...PERSON),
      says,
    ],
    ['a Deployment of a person', () => deployment(PERSON), says],
    ['a Deployment of rig:root', () => deployment(ROOT), null],
    ['a token', () => cluster.kubectl('create', 'token', 'default', '-n', VERIFIER, ...PERSON), says],
    [
      'a role',
      () =>
        cluster.kubectl(
          'create',
          'rolebinding',
          'x',
          '--role=rig-trust-root',
          '--user=x',
          '-n',
          VERIFIER,
          '--dry-run=server',
          ...PERSON,
        ),
      says,
    ],
    [
      'a role of the cluster, which is nothing of this namespace',
      () =>
        cluster.kubectl('create', 'clusterrole', 'x', '--verb=get', '--resource=pods', '--dry-run=server', ...PERSON),
      null,
    ],
    ['its end by a person', () => gone(PERSON), /deleted by the group rig:root alone/],
    ['its end by rig:root', () => gone(ROOT), null],
  ]);
});

test('what the verifier remembers is written by it and by rig:root, whatever role others have', async () => {
  const memory = (who: string[], name = 'rig-verifier-signatures') =>
    cluster.kubectl('create', 'configmap', name, '-n', VERIFIER, '--dry-run=server', ...who);
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'rig-verifier', namespace: VERIFIER },
    spec: { holderIdentity: 'mine' },
  };
  const lead = (who: string[], name = 'rig-verifier') =>
    apply({ ...lease, metadata: { ...lease.metadata, name } }, ...who, '--dry-run=server');
  const says = /what the verifier remembers is for it and the group rig:root to write/;
  await table([
    ['its signatures, by a person', () => memory(PERSON), says],
    ['its signatures, by the conductor', () => memory(as(`${SYSTEM}:rig-conductor`)), says],
    ['its signatures, by Flux', () => memory(as(`${namespace}:flux`)), says],
    [
      'the heads that it let through, by the conductor',
      () => memory(as(`${SYSTEM}:rig-conductor`), 'rig-verifier-heads'),
      says,
    ],
    [
      'the heads that it let through, by itself',
      () => memory(as(`${VERIFIER}:rig-verifier`), 'rig-verifier-heads'),
      null,
    ],
    ['what they consent to, by a person', () => memory(PERSON, 'rig-verifier-consents-a'), says],
    [
      'what they consent to, by the conductor',
      () => memory(as(`${SYSTEM}:rig-conductor`), 'rig-verifier-consents-0'),
      says,
    ],
    ['what they consent to, by itself', () => memory(as(`${VERIFIER}:rig-verifier`), 'rig-verifier-consents-f'), null],
    ['its signatures, by itself', () => memory(as(`${VERIFIER}:rig-verifier`)), null],
    ['its signatures, by rig:root', () => memory(ROOT), null],
    ['who leads, by a person', () => lead(PERSON), says],
    ['who leads, by the conductor', () => lead(as(`${SYSTEM}:rig-conductor`)), says],
    ['another Lease', () => lead(PERSON, 'another'), null],
    ['another ConfigMap', () => memory(PERSON, 'another'), null],
  ]);
});

test('a program of the rig runs a Job as nobody but rig-agent, and has the cluster give it nobody’s token', async () => {
  const conductor = as(`${SYSTEM}:rig-conductor`);
  const job = (serviceAccountName: string | undefined, who: string[]) =>
    apply(
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'one', namespace },
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
              containers: [{ name: 'a', image: 'b' }],
            },
          },
        },
      },
      ...who,
      '--dry-run=server',
    );
  const secret = (type: string, who: string[]) =>
    apply(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type,
        metadata: {
          name: 'key',
          namespace: SYSTEM,
          annotations: { 'kubernetes.io/service-account.name': 'rig-certificates' },
        },
        ...(type === TLS ? { data: { 'tls.crt': '', 'tls.key': '' } } : {}),
      },
      ...who,
      '--dry-run=server',
    );
  const TLS = 'kubernetes.io/tls';
  const TOKEN = 'kubernetes.io/service-account-token';
  const asAgent = /make Jobs that run as rig-agent, and as nobody else/;
  const noToken = /make no Secret that the cluster fills with a token/;
  await table([
    ['a Job of the conductor as rig-agent', () => job('rig-agent', conductor), null],
    ['a Job of the conductor as another', () => job('flux', conductor), asAgent],
    ['a Job of the conductor as whoever runs by default', () => job(undefined, conductor), asAgent],
    ['a Job of a person as another', () => job('flux', PERSON), null],
    ['a Secret of the conductor', () => secret('Opaque', conductor), null],
    ['a certificate of the conductor', () => secret(TLS, conductor), null],
    ['a Secret of the conductor with a token', () => secret(TOKEN, conductor), noToken],
    ['a Secret of a person with a token', () => secret(TOKEN, PERSON), null],
  ]);
});
