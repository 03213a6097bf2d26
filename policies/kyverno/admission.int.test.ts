import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse } from 'yaml';
import type { Manifest } from '#domain';
import { CONFIG_MAPS, isKubeError, type KubeObject, type Resource, SECRETS } from '#lib/kube';
import { served } from '../../crds/fixtures.int-kit.ts';
import { installKyverno, startKyverno, type TestKyverno } from '../../hack/kyverno/kyverno.int-kit.ts';
import { clusterLife, type TestCluster, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { startAdmission, TENANT, type TestAdmission } from '../../verifier/admission/admission.int-kit.ts';
import { authorityIn, startImpostor } from './impostor.int-kit.ts';

// A policy engine is installed here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const NAMESPACE = 'shop';
const CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};
const POLICIES: Resource = {
  group: 'policies.kyverno.io',
  version: 'v1',
  kind: 'ValidatingPolicy',
  plural: 'validatingpolicies',
  namespaced: false,
};

let cluster: TestCluster;
let admission: TestAdmission;
let kyverno: TestKyverno;
/** Authorities that Kyverno trusts, as docs/admission.md has them mounted. */
const trusted = mkdtempSync(join(tmpdir(), 'rig-kyverno-trusted-'));
clusterLife.after(() => rmSync(trusted, { recursive: true, force: true }));

before(async () => {
  cluster = await testCluster();
  const config = join(import.meta.dirname, '../../config/local');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', config);
  admission = await startAdmission(clusterLife as never, cluster);
  await served(admission.client, TENANT);
  await cluster.kubectl('create', 'namespace', NAMESPACE);
  await cluster.kubectl('label', 'namespace', NAMESPACE, 'rig.dashecorp.com/governed=true');
  await installKyverno(cluster);
  await until('the policy is taken', () => admission.client.create(POLICIES, policyOf('consent.yaml')));
  trustAuthority();
  const { client, questionsURL: url } = admission;
  kyverno = await startKyverno(clusterLife, { cluster, client, url, trusted });
  await until('Kyverno refuses what nobody consented to', async () =>
    /needs the consent of a person/.test((await refused(create(secret('probe'), true))) ?? ''),
  );
});

/** A policy of this folder that asks the verifier of this test. */
function policyOf(file: string): KubeObject {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  return parse(text.replace('https://rig-verifier-admission.rig-verifier.svc', admission.questionsURL)) as KubeObject;
}

const secret = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: NAMESPACE },
  data: { user: 'YWRh' },
});
const create = (manifest: Manifest, dryRun = false) =>
  admission.client.create(SECRETS, manifest as unknown as KubeObject, { dryRun });

const refused = (done: Promise<unknown>): Promise<string | undefined> =>
  done.then(
    () => undefined,
    (error: Error) => error.message,
  );

test('Kyverno alone, asking the verifier: what nobody consented to is refused, what a person signed is made, and its end is asked for too', async () => {
  const one = secret('signed');
  const said = (await refused(create(one))) ?? '';
  assert.match(said, /denied.*rig-consent.*Secret shop\/signed needs the consent of a person/s);
  await admission.approve('signed', { manifests: [one] });
  await create(one, true);
  await create(one);
  const ref = { namespace: NAMESPACE, name: 'signed' };
  const update = { ...one, data: { user: 'Ym9i' } } as unknown as KubeObject;
  const apply = admission.client.apply(SECRETS, update, { fieldManager: 'kustomize-controller', force: true });
  assert.match((await refused(apply)) ?? '', /needs the consent/);
  await admission.client.patch(SECRETS, ref, {
    metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } },
  });
  assert.match((await refused(admission.client.delete(SECRETS, ref))) ?? '', /needs the consent/);
});

/** Has the next Kyverno trust the authority that the verifier has now. */
function trustAuthority(): void {
  copyFileSync(join(admission.authorityDir, 'tls.crt'), join(trusted, 'rig-verifier.crt'));
}

/** Ends what Kyverno has open to the verifier, so that it has to look at a certificate again. */
async function hangUp(): Promise<void> {
  await admission.stop();
  await admission.start();
}

const DISTRUSTED = /denied.*rig-consent.*certificate signed by unknown authority/s;
const asksAgain = () =>
  until('the verifier answers Kyverno', async () =>
    /needs the consent of a person/.test((await refused(create(secret('probe'), true))) ?? ''),
  );

test('whoever answers at the verifier’s address without a certificate of its authority is told nothing, and believed nothing', async (t) => {
  const dry = () => refused(create(secret('impostor'), true));
  const says = (what: RegExp) => until(`Kyverno says ${what}`, async () => what.test((await dry()) ?? ''));
  const robbed = await startImpostor(t, admission.authorityDir);
  const stranger = await startImpostor(t, await authorityIn(t));
  const misnamed = await startImpostor(t, admission.authorityDir, '127.0.0.2');
  const plain = await startImpostor(t, null);
  await admission.stop();
  // With the verifier's own key one is believed: so it is the certificate that the others lack.
  admission.world.impostor = robbed.port;
  await until('who has the key is believed', async () => (await dry()) === undefined);
  assert.ok(robbed.asked() > 0);
  await robbed.end();
  for (const [{ port, asked }, what] of [
    [stranger, DISTRUSTED],
    [misnamed, /denied.*rig-consent.*valid for 127\.0\.0\.2, not 127\.0\.0\.1/s],
    [plain, /denied.*rig-consent.*HTTP response to HTTPS client/s],
  ] as const) {
    admission.world.impostor = port;
    await says(what);
    assert.equal(asked(), 0);
  }
  admission.world.impostor = null;
  await admission.start();
  await asksAgain();
});

test('where the authority is another or Kyverno was told of none, nothing is let through, also what a person consented to', async (t) => {
  const one = secret('authority');
  await admission.approve('authority', { manifests: [one] });
  await create(one, true);
  const distrusts = () =>
    until('Kyverno distrusts the verifier', async () => DISTRUSTED.test((await refused(create(one, true))) ?? ''));
  await authorityIn(t, admission.authorityDir);
  await hangUp();
  await distrusts();
  trustAuthority();
  // Kyverno reads whom it trusts when it starts.
  assert.match((await refused(create(one, true))) ?? '', DISTRUSTED);
  await kyverno.restart();
  await asksAgain();
  await create(one, true);
  rmSync(join(trusted, 'rig-verifier.crt'));
  await kyverno.restart();
  await distrusts();
  trustAuthority();
  await kyverno.restart();
  await asksAgain();
  await create(one);
});

test('a verifier that does not answer Kyverno in time lets nothing through', async () => {
  const one = secret('unanswered');
  await admission.approve('unanswered', { manifests: [one] });
  const slow = Promise.withResolvers<void>();
  admission.world.slow = slow.promise;
  assert.match((await refused(create(one))) ?? '', /could not tell in time/);
  admission.world.slow = null;
  slow.resolve();
  await create(one);
});

const contract = (name: string, labels = { 'rig.dashecorp.com/tier': 'T2' } as object): Manifest =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE, labels },
    data: { v: '2' },
  }) as Manifest;
const createContract = (manifest: Manifest, dryRun = false) =>
  admission.client.create(CONFIG_MAPS, manifest as unknown as KubeObject, { dryRun });

test('Kyverno alone, counting two attestors: what is labelled T2 is made where a listed person and a listed machine vouched, and is not unlabelled or ended by one of them', async () => {
  await admission.client.delete(POLICIES, { name: 'rig-consent' });
  await admission.client.create(POLICIES, policyOf('attestors.yaml'));
  const probe = () => refused(createContract(contract('probe'), true));
  await until('Kyverno asks who vouched', async () => /denied.*rig-attestors/s.test((await probe()) ?? ''));
  const one = contract('contract');
  const dry = async () => (await refused(createContract(one, true))) ?? '';
  await createContract(contract('free', {}));
  await admission.attest();
  assert.match(await dry(), /rig-attestors.*No merge Approval that holds names/s);
  admission.world.filed = [];
  await admission.approve('contract', { manifests: [one] });
  assert.match(await dry(), /rig-attestors.*no listed machine signed for its head/s);
  await admission.attest({ run: { ref: 'refs/heads/rig/shop-7/1' } });
  assert.match(await dry(), /no listed machine signed for its head/);
  await admission.attest();
  await createContract(one);
  const ref = { namespace: NAMESPACE, name: 'contract' };
  const unlabel = { metadata: { labels: { 'rig.dashecorp.com/tier': null } } };
  assert.match((await refused(admission.client.patch(CONFIG_MAPS, ref, unlabel))) ?? '', /rig-attestors/);
  assert.match((await refused(admission.client.delete(CONFIG_MAPS, ref))) ?? '', /rig-attestors/);
  // Nothing of what it says is another, so nobody has to vouch.
  await admission.client.patch(CONFIG_MAPS, ref, {
    metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } },
  });
});

/** The policy of two attestors, where the verifier lets everything through and names nobody. */
function forgetfulPolicy(): KubeObject {
  const policy = policyOf('attestors.yaml') as KubeObject & {
    spec: { variables: { name: string; expression: string }[] };
  };
  const body = 'dyn({"allowed": dyn(true), "message": dyn(""), "attestors": dyn(null)})';
  const answer = policy.spec.variables.find(({ name }) => name === 'answer')!;
  answer.expression = `{"statusCode": dyn(200), "body": ${body}}`;
  return policy;
}

test('Kyverno alone finds a judge that forgets who has to vouch for what is labelled T2, and lets through what says no more than before', async () => {
  await admission.client.delete(POLICIES, { name: 'rig-attestors' });
  await admission.client.create(POLICIES, forgetfulPolicy());
  const forgotten = /takes a listed person and a listed machine/;
  const made = () => refused(createContract(contract('probe'), true));
  await until('Kyverno finds that nobody vouched', async () => forgotten.test((await made()) ?? ''));
  const ref = { namespace: NAMESPACE, name: 'contract' };
  const patched = (patch: object) => refused(admission.client.patch(CONFIG_MAPS, ref, patch));
  const tier = (value: string | null) => ({ metadata: { labels: { 'rig.dashecorp.com/tier': value } } });
  for (const patch of [{ data: { v: '3' } }, { data: null }, { binaryData: { b: 'YQ==' } }, tier(null), tier('T1')])
    assert.match((await patched(patch)) ?? '', forgotten, JSON.stringify(patch));
  assert.match((await refused(admission.client.delete(CONFIG_MAPS, ref))) ?? '', forgotten);
  assert.equal(await patched({ metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'later' } } }), undefined);
  await createContract(contract('labelled-later', {}));
  const later = { namespace: NAMESPACE, name: 'labelled-later' };
  await admission.client.patch(CONFIG_MAPS, later, tier('T2'));
  await admission.client.create(POLICIES, policyOf('consent.yaml'));
  await until('Kyverno refuses what nobody consented to', async () =>
    /needs the consent of a person/.test((await refused(create(secret('probe'), true))) ?? ''),
  );
});

let tried = 0;

/** Restarts Kyverno, and asks for Secrets that nobody consented to until it refuses them again; resolves to how many were made. */
async function restart(): Promise<number> {
  await kyverno.restart();
  let made = 0;
  let refusals = 0;
  while (refusals < 20) {
    tried += 1;
    const name = `unsigned-${tried}`;
    try {
      await create(secret(name));
      made += 1;
    } catch (error) {
      if (!isKubeError(error)) throw error;
      if (/needs the consent/.test(error.message)) refusals += 1;
    }
  }
  return made;
}

test('after a restart Kyverno alone lets through what nobody consented to, which is why it is never alone', async () => {
  let made = 0;
  for (let round = 0; round < 8 && made === 0; round += 1) made += await restart();
  assert.ok(made > 0, 'Kyverno refused from its first moment in every restart: the page of admission says otherwise');
});

test('with the webhook of the verifier beside it nothing gets through, however often Kyverno restarts', async () => {
  for (const object of await admission.webhooks('webhooks')) await admission.client.create(CONFIGURATIONS, object);
  await kyverno.stop();
  await until('the API server asks the verifier', async () =>
    /listed\.consent\.rig\.dashecorp\.com.*denied/s.test((await refused(create(secret('probe'), true))) ?? ''),
  );
  for (let round = 0; round < 3; round += 1) assert.equal(await restart(), 0);
});
