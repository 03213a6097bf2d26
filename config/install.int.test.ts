import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { ensureBinary } from '../hack/go/build.mjs';
import { clusterLife, type TestCluster, testCluster } from '../test/kit/cluster.ts';
import { testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { type TestDatabase, testDatabase } from '../test/kit/postgres.ts';
import { images, type Ports, writeOverlay } from './overlay.int-kit.ts';

// Kinds and namespaces are deleted here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const root = join(import.meta.dirname, '..');
const system = 'rig-system';
const node = 'install';
// A kustomization names what it stands on by a relative path, which a link on the way would lead astray.
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'rig-overlay-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let cluster: TestCluster;
let database: TestDatabase;
let ports: Ports;
let helm: (...args: string[]) => Promise<string>;
const run = promisify(execFile);
const kubectl = (...args: string[]) => cluster.kubectl(...args);

before(async () => {
  [cluster, database] = await Promise.all([testCluster(), testDatabase(undefined, { ownServer: true })]);
  const [conductor, proxy, egress, webhooks, ...metrics] = await freePorts(6);
  ports = { conductor: conductor!, proxy: proxy!, egress: egress!, webhooks: webhooks!, metrics };
  const binary = await ensureBinary('helm');
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, HOME: folder };
  helm = async (...args) => (await run(binary, args, { env })).stdout;
});
after(() => database?.drop());

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const found = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

/** A database URL whose search path ends in a schema of its own, as each program is to have. */
async function urlFor(schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await client.end();
  return database.url;
}

async function secret(name: string, key: string, value: string): Promise<void> {
  await kubectl('-n', system, 'create', 'secret', 'generic', name, `--from-literal=${key}=${value}`);
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

test('config/default is taken by Pod Security restricted without a warning, and applying it again changes nothing', async () => {
  const args = [
    'kubectl',
    `--kubeconfig=${cluster.kubeconfigPath}`,
    'apply',
    '--server-side',
    '-k',
    join(root, 'config/default'),
  ];
  const { stderr } = await run(cluster.binary, args);
  assert.equal(stderr, '');
  assert.equal(await kubectl('diff', '--server-side', '-k', join(root, 'config/default')), '');
  const { replicas } = JSON.parse(await kubectl('-n', system, 'get', 'deployment', 'rig-conductor', '-o', 'json')).spec;
  assert.equal(replicas, 2);
  await until(
    'the pods were admitted',
    async () => JSON.parse(await kubectl('-n', system, 'get', 'pods', '-o', 'json')).items.length === 6,
  );
  const open = kubectl('-n', system, 'run', 'open', '--image=busybox', '--dry-run=server');
  await assert.rejects(open, /violates PodSecurity "restricted/);
});

test('the Deployments come up on a node: real entry points, from their Secrets to ready', async () => {
  await testKubelet(clusterLife, node, images());
  for (const program of ['proxy', 'egress'] as const)
    await secret(`rig-${program}-database`, 'url', await urlFor(program));
  await secret('rig-provider', 'key', 'no-provider-is-called');
  await secret('rig-reader-token', 'token', randomBytes(16).toString('hex'));
  writeOverlay(folder, node, ports);
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', folder);
  await kubectl('-n', system, 'create', 'job', '--from=cronjob/rig-certificates', 'certificates-now');
  await kubectl('-n', system, 'wait', '--for=condition=Complete', 'job/certificates-now', '--timeout=60s');
  // Its pod waits for the Secret, and then finds the certificate as well.
  await secret('rig-conductor-database', 'url', await urlFor('conductor'));
  for (const program of ['conductor', 'proxy', 'egress'] as const) {
    const url = `http://127.0.0.1:${ports[program]}/readyz`;
    await until(`${program} is ready`, () => answers(url), 90_000).catch(async (error) => {
      throw new Error(await kubectl('-n', system, 'describe', 'pods'), { cause: error });
    });
    await kubectl('-n', system, 'rollout', 'status', `deployment/rig-${program}`, '--timeout=60s');
  }
  const lease = JSON.parse(await kubectl('-n', system, 'get', 'lease', 'rig-conductor', '-o', 'json'));
  assert.match(lease.spec.holderIdentity, /^rig-conductor-/);
});

test('the webhook that the install brought, with the certificate it made, warns and admits', async () => {
  await kubectl('apply', '--server-side', '-k', join(root, 'config/tenant'));
  const sample = ['apply', '--server-side', '-f', join(root, 'config/samples/issue.yaml')];
  await until('the Issue is admitted with a warning', async () => {
    const { stderr } = await run(cluster.binary, ['kubectl', `--kubeconfig=${cluster.kubeconfigPath}`, ...sample]);
    return /Warning: spec\.repositoryRef: there is no Repository minimist in tenant-sample/.test(stderr);
  });
});

test('after an uninstall the namespace and the kinds are gone, and nothing waits for a finalizer', async () => {
  await kubectl('apply', '--server-side', '-k', join(root, 'config/samples'));
  await kubectl('delete', '--ignore-not-found', '--timeout=60s', '-k', join(root, 'config/default'));
  await kubectl('delete', '--ignore-not-found', '--timeout=60s', '-k', join(root, 'config/tenant'));
  const left = await kubectl(
    'get',
    'namespaces,crds,clusterroles,clusterrolebindings,priorityclasses,validatingwebhookconfigurations',
    '-o',
    'name',
  );
  assert.deepEqual(
    left.split('\n').filter((name) => /rig[-.]|tenant-sample|dashecorp/.test(name)),
    [],
  );
});

test('the chart installs, upgrades and uninstalls: kinds stay where they are to be kept', async () => {
  const options = [
    '--namespace',
    system,
    '--set',
    'conductor.replicas=0',
    '--set',
    'proxy.replicas=0',
    '--set',
    'egress.replicas=0',
  ];
  await helm('install', 'rig', join(root, 'charts/rig'), '--create-namespace', ...options);
  await kubectl('label', 'namespace', system, 'pod-security.kubernetes.io/enforce=restricted');
  const said = await helm('upgrade', 'rig', join(root, 'charts/rig'), ...options, '--set', 'conductor.replicas=2');
  assert.match(said, /Secret rig-conductor-database is missing/);
  assert.match(said, /REVISION: 2/);
  await until(
    'pods of the chart were admitted',
    async () => JSON.parse(await kubectl('-n', system, 'get', 'pods', '-o', 'json')).items.length === 2,
  );
  await helm('uninstall', 'rig', '--namespace', system);
  assert.match(await kubectl('get', 'crds', '-o', 'name'), /issues\.rig\.dashecorp\.com/);
  await helm('install', 'rig', join(root, 'charts/rig'), ...options, '--set', 'crds.keep=false');
  await helm('uninstall', 'rig', '--namespace', system, '--wait');
  assert.doesNotMatch(await kubectl('get', 'crds', '-o', 'name'), /dashecorp/);
  await kubectl('delete', 'namespace', system, '--timeout=60s');
});
