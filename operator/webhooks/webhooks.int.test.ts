import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { apiVersion } from '#crds';
import { KubeClient, type KubeObject, loadKubeConfig, type Resource, SECRETS } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { served } from '../../crds/fixtures.int-kit.ts';
import { clusterLife, type TestCluster, testCluster, testNamespace } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { CERTIFICATE_SECRET, CONFIGURATION, renewCertificate, WEBHOOK_CONFIGURATIONS } from '../certificates/renew.ts';
import type { Surroundings } from './advice.ts';
import { serveWebhooks } from './server.ts';

const DAY_MS = 86_400_000;
const hosts = ['127.0.0.1'];

let cluster: TestCluster;
let client: KubeClient;
let namespace: string;
let port: number;
const certificateDir = mkdtempSync(join(tmpdir(), 'rig-webhook-'));
clusterLife.after(() => rmSync(certificateDir, { recursive: true, force: true }));

interface Configuration extends KubeObject {
  webhooks: { clientConfig: { caBundle?: string } }[];
}

const nothing: Surroundings = { repositories: () => [], issue: () => undefined, secret: async () => undefined };

before(async () => {
  cluster = await testCluster();
  await cluster.kubectl(
    'apply',
    '--server-side',
    '--force-conflicts',
    '-k',
    join(import.meta.dirname, '../../config/local'),
  );
  client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  clusterLife.after(() => client.close());
  namespace = await testNamespace(clusterLife);
  await served(client, namespace);
  port = await freePort();
  await client.create(WEBHOOK_CONFIGURATIONS, configuration());
  clusterLife.after(() => client.delete(WEBHOOK_CONFIGURATIONS, { name: CONFIGURATION }));
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** Of this test's namespace alone: other files use the cluster too. */
function configuration(): KubeObject {
  return {
    metadata: { name: CONFIGURATION },
    webhooks: [
      {
        name: 'advice.rig.dashecorp.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Ignore',
        timeoutSeconds: 2,
        clientConfig: { url: `https://127.0.0.1:${port}/admission/advice` },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          {
            apiGroups: ['rig.dashecorp.com'],
            apiVersions: ['v1alpha1'],
            resources: ['issues'],
            operations: ['CREATE'],
          },
        ],
      },
    ],
  } as unknown as KubeObject;
}

/** What kubectl tells the person who applies an Issue. */
async function warnings(): Promise<string> {
  const file = join(certificateDir, 'issue.yaml');
  const issue = {
    apiVersion,
    kind: 'Issue',
    metadata: { name: 'advised', namespace },
    spec: { repositoryRef: { name: 'none' }, title: 'A title' },
  };
  writeFileSync(file, stringify(issue));
  const args = ['kubectl', `--kubeconfig=${cluster.kubeconfigPath}`, 'create', '--dry-run=server', '-f', file];
  return (await promisify(execFile)(cluster.binary, args)).stderr;
}

const isWarned = async () => /Warning: spec\.repositoryRef: there is no Repository none/.test(await warnings());

async function bundle(): Promise<string> {
  const found = await client.get<Configuration>(WEBHOOK_CONFIGURATIONS as Resource<Configuration>, {
    name: CONFIGURATION,
  });
  return Buffer.from(found.webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
}
const certificatesIn = (text: string) => text.split('BEGIN CERTIFICATE').length - 1;
const renew = (now: number) => renewCertificate(client, { namespace, hosts, now });

/** What the node does with the Secret of the conductor's pod. */
async function mountCertificate(): Promise<void> {
  const secret = await client.get<KubeObject & { data: Record<string, string> }>(SECRETS as never, {
    namespace,
    name: CERTIFICATE_SECRET,
  });
  for (const name of ['tls.key', 'tls.crt'])
    writeFileSync(join(certificateDir, name), Buffer.from(secret.data[name] ?? '', 'base64'));
}

/** Which certificate a caller is shown. */
async function servedSerial(): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test('without a certificate, or with one that nobody trusts, everything is admitted and nobody is warned', async (t) => {
  assert.equal(await warnings(), '');
  const stop = await serveWebhooks({ listen: { host: '127.0.0.1', port }, certificateDir }, nothing, silentLogger);
  t.after(stop);
  assert.equal(await warnings(), '');
});

test('a certificate is made, trusted, served and renewed before its end, and at no moment is a person not warned', async (t) => {
  const now = Date.now();
  // Made 65 days ago: good for 25 days more, and due to be renewed.
  assert.equal(await renew(now - 65 * DAY_MS), 'made');
  assert.equal(await renew(now - 64 * DAY_MS), 'unchanged');
  await mountCertificate();
  const settings = { listen: { host: '127.0.0.1', port }, certificateDir, rereadMs: 20 };
  t.after(await serveWebhooks(settings, nothing, silentLogger));
  await until('the API server trusts the certificate', isWarned);
  const old = await servedSerial();

  assert.equal(await renew(now), 'made');
  assert.equal(certificatesIn(await bundle()), 2);
  // The API server hears of a change a moment later; whichever it knows, the one that is served is in it.
  for (let round = 0; round < 5; round++) assert.ok(await isWarned());
  await mountCertificate();
  await until('the new certificate is served, by the same process', async () => (await servedSerial()) !== old);
  await until('the new certificate is trusted', isWarned, 5_000);

  assert.equal(await renew(now + 60_000), 'unchanged');
  assert.equal(await renew(now + 3_600_000), 'settled');
  assert.equal(certificatesIn(await bundle()), 1);
  await until('the old one was not needed any more', isWarned, 5_000);
});

test('an apply of the configuration leaves the trust where it is, and trust that was lost comes back', async () => {
  const before = await bundle();
  await client.apply(WEBHOOK_CONFIGURATIONS, configuration(), { fieldManager: 'kubectl', force: true });
  assert.equal(await bundle(), before);
  await client.delete(WEBHOOK_CONFIGURATIONS, { name: CONFIGURATION });
  await client.create(WEBHOOK_CONFIGURATIONS, configuration());
  assert.equal(await renew(Date.now()), 'trusted');
  assert.equal(await bundle(), before);
});

test('for other hosts another certificate is made; without a configuration nothing is written', async () => {
  const more = { namespace, hosts: [...hosts, 'rig-webhooks.blue.svc'], now: Date.now() };
  assert.equal(await renewCertificate(client, more), 'made');
  assert.equal(await renewCertificate(client, more), 'unchanged');
  await client.delete(WEBHOOK_CONFIGURATIONS, { name: CONFIGURATION });
  await assert.rejects(renewCertificate(client, more), /not found/);
});
