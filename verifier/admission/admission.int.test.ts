import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { resources } from '#crds';
import type { Manifest } from '#domain';
import type { KubeObject, Resource } from '#lib/kube';
import { trustAdmission } from '../../cli/commands/admission.ts';
import { served } from '../../crds/fixtures.int-kit.ts';
import { clusterLife, type TestCluster, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { startAdmission, TENANT, type TestAdmission } from './admission.int-kit.ts';
import { manifests, NAMESPACE, T3, text } from './manifests.int-kit.ts';

// Every write of the cluster may be asked about here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const HOUR_MS = 3_600_000;
const CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

let cluster: TestCluster;
let admission: TestAdmission;
const folder = mkdtempSync(join(tmpdir(), 'rig-admission-'));
clusterLife.after(() => rmSync(folder, { recursive: true, force: true }));

before(async () => {
  cluster = await testCluster();
  const config = join(import.meta.dirname, '../../config/local');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', config);
  admission = await startAdmission(clusterLife as never, cluster);
  await served(admission.client, TENANT);
  await cluster.kubectl('apply', '-f', join(import.meta.dirname, '../../policies/tiers/node.yaml'));
  for (const object of [...(await admission.webhooks('webhooks')), ...(await admission.webhooks('cluster'))])
    await admission.client.create(CONFIGURATIONS, object);
  await cluster.kubectl('create', 'namespace', NAMESPACE);
  await cluster.kubectl('label', 'namespace', NAMESPACE, 'rig.dashecorp.com/governed=true');
  await until('the API server asks the verifier', () => refused(create(secret('probe'), DRY)));
});

/** What kubectl says; undefined where it was done. */
const refused = (done: Promise<unknown>): Promise<string | undefined> =>
  done.then(
    () => undefined,
    (error: { stderr?: string; message: string }) => error.stderr ?? error.message,
  );

const secret = (name: string, user = 'YWRh') =>
  text(`{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: ${NAMESPACE}}, data: {user: ${user}}}`);

const RBAC = 'rbac.authorization.k8s.io';
const KINDS: readonly (readonly [kind: string, group: string, plural: string, namespaced: boolean])[] = [
  ['Secret', '', 'secrets', true],
  ['ServiceAccount', '', 'serviceaccounts', true],
  ['PersistentVolumeClaim', '', 'persistentvolumeclaims', true],
  ['ConfigMap', '', 'configmaps', true],
  ['Namespace', '', 'namespaces', false],
  ['Job', 'batch', 'jobs', true],
  ['Role', RBAC, 'roles', true],
  ['RoleBinding', RBAC, 'rolebindings', true],
  ['ClusterRole', RBAC, 'clusterroles', false],
  ['ClusterRoleBinding', RBAC, 'clusterrolebindings', false],
  ['CustomResourceDefinition', 'apiextensions.k8s.io', 'customresourcedefinitions', false],
];

function resourceOf({ kind }: { kind: string }): Resource {
  const [, group, plural, namespaced] = KINDS.find(([one]) => one === kind)!;
  return { group, version: 'v1', kind, plural, namespaced };
}

const DRY = { dryRun: true };
const create = (manifest: Manifest, options = {}) =>
  admission.client.create(resourceOf(manifest), manifest as unknown as KubeObject, options);
const flux = (manifest: Manifest, fieldManager = 'kustomize-controller') =>
  admission.client.apply(resourceOf(manifest), manifest as unknown as KubeObject, { fieldManager, force: true });
const remove = ({ kind, metadata }: Manifest) =>
  admission.client.delete(resourceOf({ kind }), {
    name: metadata.name!,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  });
async function kubectlApply(manifest: Manifest): Promise<void> {
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify(manifest));
  await cluster.kubectl('apply', '-f', path);
}

for (const [index, [what, manifest]] of manifests.entries()) {
  test(`${what} is refused as long as nobody consented, in a dry run too, and is made, applied again and kept as it was signed`, async () => {
    for (const options of [{}, DRY])
      assert.match((await refused(create(manifest, options))) ?? '', /needs the consent of a person.*rig approve/s);
    await admission.approve(`made-${index}`, { manifests: [manifest] });
    await create(manifest);
    // As Flux does, whose labels nobody signed.
    const labels = { ...manifest.metadata.labels, 'kustomize.toolkit.fluxcd.io/name': 'apps' };
    await flux({ ...manifest, metadata: { ...manifest.metadata, labels } });
    await admission.revoke(`made-${index}`);
    await flux(manifest);
    const changed = { ...manifest, metadata: { ...manifest.metadata, annotations: { owner: 'somebody else' } } };
    assert.match((await refused(flux(changed))) ?? '', /needs the consent of a person/);
    assert.match((await refused(remove(manifest))) ?? '', /needs the consent of a person/);
  });
}

test('what kubectl notes of itself is nothing that anybody has to sign', async () => {
  const one = secret('noted');
  await admission.approve('noted', { manifests: [one] });
  await kubectlApply(one);
  await kubectlApply(one);
});

test('what is there goes with a consent to its end, and not with the one it was made with', async () => {
  const one = secret('ended');
  await admission.approve('ended-made', { manifests: [one] });
  await create(one);
  assert.match((await refused(remove(one))) ?? '', /needs the consent/);
  await until('a second has passed since it was made, which is what the API server counts in', async () => {
    const { metadata } = await admission.client.get(SECRET, { namespace: NAMESPACE, name: 'ended' });
    return Date.now() > Date.parse(metadata.creationTimestamp!) + 1_000;
  });
  await admission.approve('ended-gone', { removals: [one] });
  await remove(one);
  // Whoever agreed to its end did so later: the older yes makes it no more.
  assert.match((await refused(create(one))) ?? '', /not signed before it, agreed on something else/);
});
const SECRET: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

test('a claim whose deletion nobody signed is still there, and so is what a namespace holds', async () => {
  for (const target of [manifests[4]![1], text(`{apiVersion: v1, kind: Namespace, metadata: {name: ${NAMESPACE}}}`)])
    assert.match((await refused(remove(target))) ?? '', /needs the consent/);
  assert.match(
    (await refused(cluster.kubectl('delete', 'pvc', '--all', '-n', NAMESPACE, '--wait=false'))) ?? '',
    /needs the consent/,
  );
});

test('the label T3 is not taken off, nor that of a governed namespace', async () => {
  const off = cluster.kubectl('label', 'configmap', 'switch', '-n', NAMESPACE, `${T3}-`);
  assert.match((await refused(off)) ?? '', /labelled rig\.dashecorp\.com\/tier: T3/);
  const ungoverned = cluster.kubectl('label', 'namespace', NAMESPACE, 'rig.dashecorp.com/governed-');
  assert.match((await refused(ungoverned)) ?? '', /rig:root alone|needs the consent/);
});

test('neither label nor owner is changed by way of a status, and a status that changes neither is nobody’s to ask about', async () => {
  const quota = text(
    `{apiVersion: v1, kind: ResourceQuota, metadata: {name: guarded, namespace: ${NAMESPACE}, labels: {${T3}: T3}}, spec: {hard: {pods: "100"}}}`,
  );
  await admission.approve('guarded', { manifests: [quota] });
  const path = join(folder, 'quota.json');
  writeFileSync(path, JSON.stringify(quota));
  await cluster.kubectl('create', '-f', path);
  const status = (what: string, patch: object) =>
    refused(
      cluster.kubectl(
        ...['patch', ...what.split(' '), '-n', NAMESPACE, '--subresource=status', '--type=merge'],
        `--patch=${JSON.stringify(patch)}`,
      ),
    );
  const off = { metadata: { labels: { [T3]: null } } };
  assert.match((await status('resourcequota guarded', off)) ?? '', /labelled rig\.dashecorp\.com\/tier: T3/);
  // With its owner a claim would be collected, by a controller that is not asked.
  const { metadata } = await admission.client.get(
    { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
    { namespace: NAMESPACE, name: 'switch' },
  );
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'switch', uid: metadata.uid }];
  assert.match((await status('pvc data', { metadata: { ownerReferences } })) ?? '', /needs the consent/);
  assert.equal(await status('pvc data', { status: { phase: 'Pending' } }), undefined);
});

test('a namespace that is governed by nobody is asked about where it is or was labelled T3 or T2, and only then', async () => {
  const kubectl = (...args: string[]) => refused(cluster.kubectl(...args));
  await cluster.kubectl('create', 'namespace', 'plain');
  for (const tier of ['T3', 'T2']) {
    await cluster.kubectl('create', 'namespace', `labelled-${tier.toLowerCase()}`);
    const labelled = ['namespace', `labelled-${tier.toLowerCase()}`] as const;
    assert.equal(
      await kubectl('label', ...labelled, `${T3}=${tier}`),
      undefined,
      'a label that asks for consent needs none',
    );
    const asked = new RegExp(`labelled rig\\.dashecorp\\.com/tier: ${tier}`);
    assert.match((await kubectl('label', ...labelled, `${T3}-`)) ?? '', asked);
    assert.match((await kubectl('annotate', ...labelled, 'owner=another')) ?? '', asked);
    assert.match((await kubectl('delete', ...labelled, '--wait=false')) ?? '', asked);
  }
  assert.equal(await kubectl('annotate', 'namespace', 'plain', 'owner=another'), undefined);
  const one = text('{apiVersion: v1, kind: Namespace, metadata: {name: labelled-t3}}');
  await until('a second has passed since it was made, which is what the API server counts in', async () => {
    const { metadata } = await admission.client.get(resourceOf(one), { name: 'labelled-t3' });
    return Date.now() > Date.parse(metadata.creationTimestamp!) + 1_000;
  });
  await admission.approve('namespace-gone', { removals: [one] });
  assert.equal(await kubectl('delete', 'namespace', 'labelled-t3'), undefined, 'what is in it goes with it');
});

/** Something of two replicas that a cluster has not begun to run. */
async function replicated(kind: 'Deployment' | 'StatefulSet', name: string, labels: Record<string, string> = {}) {
  const pod = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'none' }] } };
  const metadata = { name, namespace: NAMESPACE };
  const spec = { replicas: 2, selector: { matchLabels: { app: name } }, serviceName: name, template: pod };
  const path = join(folder, 'replicated.json');
  const of = kind === 'StatefulSet' ? spec : { ...spec, serviceName: undefined };
  writeFileSync(path, JSON.stringify({ apiVersion: 'apps/v1', kind, metadata, spec: of }));
  await cluster.kubectl('create', '-f', path);
  for (const [label, value] of Object.entries(labels))
    await cluster.kubectl('label', kind, name, '-n', NAMESPACE, `${label}=${value}`);
}
const scale = (what: string, replicas: number, ...as: string[]) =>
  refused(cluster.kubectl('scale', what, '-n', NAMESPACE, `--replicas=${replicas}`, ...as));

for (const [kind, tier] of [
  ['Deployment', 'T3'],
  ['StatefulSet', 'T2'],
] as const)
  test(`a ${kind} that is labelled ${tier} is scaled, also by an autoscaler, to what somebody consented to, and to nothing else`, async () => {
    const name = `payments-${tier.toLowerCase()}`;
    const what = `${kind}/${name}`;
    await replicated(kind, name, { [T3]: tier });
    const asked = new RegExp(`${kind} ${NAMESPACE}/${name} needs the consent of a person: it is labelled`);
    assert.match((await scale(what, 0)) ?? '', asked);
    // kubectl reads what it scales, which an autoscaler does not.
    const autoscaler = [
      '--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler',
      '--as-group=system:masters',
    ];
    assert.match((await scale(what, 3, ...autoscaler)) ?? '', asked);
    assert.equal(await scale(what, 2), undefined, 'nothing of what it says changes');
    const plural = `${kind.toLowerCase()}s`;
    const at = { group: 'apps', version: 'v1', kind, plural, namespaced: true };
    const { spec, ...rest } = await admission.client.get<KubeObject & { spec: object }>(at as never, {
      namespace: NAMESPACE,
      name,
    });
    const three = { ...rest, apiVersion: 'apps/v1', kind, spec: { ...spec, replicas: 3 } } as unknown as Manifest;
    await admission.approve(`${name}-three`, { manifests: [three] });
    admission.world.filed = [];
    await admission.attest();
    assert.equal(await scale(what, 3), undefined);
    assert.match((await scale(what, 0)) ?? '', asked);
  });

test('what nobody labelled is scaled without being asked about, and what the verifier may not read is not scaled', async () => {
  await replicated('Deployment', 'free');
  assert.equal(await scale('deployment/free', 0), undefined);
  admission.world.unreadable = true;
  try {
    assert.match(
      (await scale('deployment/free', 1)) ?? '',
      /cannot tell .*deployments\.apps shop\/free, cannot be read\. The ServiceAccount rig-verifier has to be allowed/,
    );
  } finally {
    admission.world.unreadable = false;
  }
});

test('an Approval that has expired counts where its change was merged in time, and nowhere else', async () => {
  const one = secret('expired');
  await admission.approve('expired', { manifests: [one] });
  const merged = admission.world.fate;
  const dry = () => refused(create(one, DRY));
  try {
    admission.world.ahead = 25 * HOUR_MS;
    assert.equal(await dry(), undefined);
    const open = { state: 'open', headSHA: 'a'.repeat(40), baseRef: 'main', passes: true } as const;
    admission.world.fate = open;
    assert.match((await dry()) ?? '', /needs the consent/);
    admission.world.ahead = 0;
    assert.equal(await dry(), undefined, 'before the merge it holds for a day');
    admission.world.fate = { ...open, headSHA: 'b'.repeat(40) };
    assert.match((await dry()) ?? '', /needs the consent/, 'one more push voids it');
    admission.world.fate = { ...open, passes: false };
    assert.match((await dry()) ?? '', /the check rig\/approval holds back the pull request of Approval/i);
    admission.world.fate = { state: 'closed' };
    assert.match(
      (await dry()) ?? '',
      /needs the consent.* is closed/s,
      'a change that is given up consents to nothing',
    );
    admission.world.fate = { state: 'merged', headSHA: 'b'.repeat(40), baseRef: 'main', at: Date.now() };
    assert.match((await dry()) ?? '', /needs the consent/, 'another head was merged');
    admission.world.fate = { state: 'unknown', why: 'The forge does not answer.' };
    assert.match((await dry()) ?? '', /cannot be told now: Approval tenant-sample\/expired: The forge does not answer/);
  } finally {
    Object.assign(admission.world, { fate: merged, ahead: 0 });
  }
});

const wrongs: [string, Partial<TestAdmission['world']>, RegExp][] = [
  ['of somebody who is not listed', { listed: false }, /needs the consent/],
  ['that was taken back', { revoked: true }, /needs the consent/],
  ['that the check of its pull request did not count', { counted: false }, /rig\/approval has not counted Approval/],
  [
    'while the trusted root cannot be read',
    { trust: 'gone' },
    /cannot tell whether a person consented: There is no trusted root/,
  ],
];
for (const [what, wrong, says] of wrongs) {
  test(`an Approval ${what} consents to nothing`, async () => {
    const name = `wrong-${wrongs.findIndex(([one]) => one === what)}`;
    const one = secret(name);
    await admission.approve(name, { manifests: [one] });
    const before = { ...admission.world };
    Object.assign(admission.world, wrong);
    assert.match((await refused(create(one, DRY))) ?? '', says);
    Object.assign(admission.world, before);
    await create(one);
  });
}

test('an Approval that was copied to another Issue, or signed for another manifest, consents to nothing', async () => {
  const one = secret('copied');
  await admission.approve('copied', { manifests: [one] });
  assert.match((await refused(create(secret('copied', 'Ym9i'), DRY))) ?? '', /needs the consent/);
  const approvals = resources.Approval as unknown as Resource<KubeObject & { spec: { issueRef: { uid: string } } }>;
  const { metadata: _, ...copy } = await admission.client.get(approvals, { namespace: TENANT, name: 'copied' });
  await admission.revoke('copied');
  const spec = { ...copy.spec, issueRef: { name: 'other', uid: 'other' } };
  await admission.client.create(approvals, { ...copy, metadata: { namespace: TENANT, name: 'copy' }, spec } as never);
  assert.match((await refused(create(one, DRY))) ?? '', /needs the consent/);
});

const contract = (name: string) =>
  text(`
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: ${NAMESPACE}, labels: { rig.dashecorp.com/tier: T2 } }
data: { version: "2" }
`);

test('what is labelled T2 is written where a listed person and a listed machine vouched for it, and not by one of them', async () => {
  const one = contract('contract');
  const dry = async () => (await refused(create(one, DRY))) ?? '';
  await admission.attest();
  assert.match(await dry(), /labelled rig\.dashecorp\.com\/tier: T2\. No merge Approval that holds names/);
  admission.world.filed = [];
  await admission.approve('contract', { manifests: [one] });
  const alone = /Approval tenant-sample\/contract names it, and no listed machine signed for its head/;
  assert.match(await dry(), alone);
  await admission.attest();
  await create(one);
  const off = cluster.kubectl('label', 'configmap', 'contract', '-n', NAMESPACE, 'rig.dashecorp.com/tier-');
  assert.match((await refused(off)) ?? '', /labelled rig\.dashecorp\.com\/tier: T2/);
  const end = admission.client.delete(resourceOf(one), { namespace: NAMESPACE, name: 'contract' });
  assert.match((await refused(end)) ?? '', /labelled rig\.dashecorp\.com\/tier: T2/);
});

test('at T2 a machine that signed for another head, or is not listed, vouches for nothing, and a forge that does not answer is no answer', async () => {
  const { world } = admission;
  const [machines, one] = [world.machines, contract('unvouched')];
  const dry = async () => (await refused(create(one, DRY))) ?? '';
  const alone = /no listed machine signed for its head/;
  await admission.approve('unvouched', { manifests: [one] });
  try {
    world.filed = [];
    await admission.attest({ headSHA: 'b'.repeat(40) });
    await admission.attest({ run: { ref: 'refs/heads/rig/shop-7/1' } });
    assert.match(await dry(), alone);
    world.filed = [];
    await admission.attest();
    assert.equal(await dry(), '');
    world.machines = [];
    assert.match(await dry(), alone);
    world.machines = machines;
    world.filed = null;
    assert.match(await dry(), /cannot be told now: Approval tenant-sample\/unvouched: The forge does not answer/);
  } finally {
    Object.assign(world, { machines, filed: [] });
  }
});

test('what needs no consent is written, and a namespace that is not governed is not asked about', async () => {
  await create(text(`{apiVersion: v1, kind: ConfigMap, metadata: {name: plain, namespace: ${NAMESPACE}}}`));
  await create(text('{apiVersion: v1, kind: Secret, metadata: {name: free, namespace: default}}'));
});

test('a verifier that is slow lets nothing through and says so', async () => {
  const one = secret('slow');
  await admission.approve('slow', { manifests: [one] });
  const slow = Promise.withResolvers<void>();
  admission.world.slow = slow.promise;
  assert.match((await refused(create(one))) ?? '', /could not tell in time/);
  admission.world.slow = null;
  slow.resolve();
  await create(one);
});

test('while one replica of the verifier is there writes are judged; with all of them gone nothing is let through, which is said, and what was asked for is written when one is back, without anybody’s help', async () => {
  const [one, other] = [secret('replica'), secret('away')];
  await admission.approve('away', { manifests: [one, other] });
  await admission.start(1);
  await admission.stop(0);
  await until('the other replica knows what was signed', () => create(one));
  assert.match((await refused(create(secret('unsigned')))) ?? '', /needs the consent of a person/);
  await admission.stop(1);
  assert.match((await refused(create(other))) ?? '', /failed calling webhook "listed\.consent\.rig\.dashecorp\.com"/);
  // What is not asked about goes on, and so does what brings the verifier back.
  await create(text('{apiVersion: v1, kind: ConfigMap, metadata: {name: while-away, namespace: default}}'));
  await create(text('{apiVersion: v1, kind: ConfigMap, metadata: {name: while-away, namespace: rig-verifier}}'));
  const said: string[] = [];
  const applied = until('it is applied, as a GitOps controller tries again and again', async () => {
    const failure = await refused(flux(other));
    if (failure !== undefined) said.push(failure);
    return failure === undefined;
  });
  await until('it was tried in vain', () => said.length > 0);
  await admission.start(0);
  await applied;
  // While it had not seen everything it let nothing through either.
  for (const failure of said) assert.match(failure, /failed calling webhook|has not seen every/);
});

test('an Issue that waits for a person at T3 goes on in its status only where the verifier finds that it may', async () => {
  const issues = resources.Issue as Resource;
  const ref = { namespace: TENANT, name: 'waits' };
  await admission.client.create(issues, {
    metadata: ref,
    spec: { repositoryRef: { name: 'none' }, title: 'Waits' },
  } as unknown as KubeObject);
  const show = (phase: string, effectiveTier: string) =>
    refused(admission.client.patchStatus(issues, ref, { phase, effectiveTier }));
  assert.equal(await show('AwaitingHuman', 'T3'), undefined);
  assert.match((await show('Merging', 'T3')) ?? '', /waits for a person at T3/);
  assert.match((await show('Queued', 'T1')) ?? '', /waits for a person at T3/);
  assert.match((await show('AwaitingHuman', 'T1')) ?? '', /waits for a person at T3/);
  admission.world.mayGoOn = true;
  assert.equal(await show('Merging', 'T3'), undefined);
  assert.equal(await show('AwaitingHuman', 'T3'), undefined);
  admission.world.mayGoOn = false;
  assert.equal(await show('Cancelled', 'T3'), undefined);
});

test('a person has the API server trust the verifier by another authority, and until that serves nothing is let through', async () => {
  const trusted = { configurations: ['rig-verifier', 'rig-verifier-cluster'] };
  assert.deepEqual(await trustAdmission(admission.client, Date.now()), { made: true, ...trusted });
  const one = secret('distrusted');
  await admission.approve('distrusted', { manifests: [one] });
  await until('the API server trusts nobody who serves', async () =>
    /certificate/.test((await refused(create(one, DRY))) ?? ''),
  );
  const ref = { namespace: 'rig-verifier', name: 'rig-verifier-authority' };
  const { data } = await admission.client.get<KubeObject & { data: Record<string, string> }>(SECRET as never, ref);
  for (const name of ['tls.key', 'tls.crt'])
    writeFileSync(join(admission.authorityDir, name), Buffer.from(data[name]!, 'base64'));
  await until('what the new authority issued is served', () => create(one, DRY));
  assert.deepEqual(await trustAdmission(admission.client, Date.now()), { made: false, ...trusted });
  await create(one);
});
