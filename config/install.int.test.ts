import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ensureBinary } from '../hack/go/build.mjs';
import { type TestCluster, testCluster } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';

// Kinds and namespaces are deleted here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const root = join(import.meta.dirname, '..');
const system = 'rig-system';
const home = mkdtempSync(join(tmpdir(), 'rig-helm-'));

let cluster: TestCluster;
let helm: (...args: string[]) => Promise<string>;
const run = promisify(execFile);
const kubectl = (...args: string[]) => cluster.kubectl(...args);

before(async () => {
  const [binary, own] = await Promise.all([ensureBinary('helm'), testCluster()]);
  cluster = own;
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, HOME: home };
  helm = async (...args) => (await run(binary, args, { env })).stdout;
});
after(() => rmSync(home, { recursive: true, force: true }));

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

test('kubectl delete takes config/default away in one command', async () => {
  // What is in a namespace may be gone with it before its turn comes. It takes some twenty seconds
  // alone, and was seen to take more than a minute beside other work.
  await kubectl('delete', '--ignore-not-found', '--timeout=240s', '-k', join(root, 'config/default'));
  assert.doesNotMatch(await kubectl('get', 'namespaces,crds,clusterroles', '-o', 'name'), /rig-system|dashecorp/);
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
  assert.match(await kubectl('get', 'crds,namespaces', '-o', 'name'), /issues\.rig\.dashecorp\.com.*rig-verifier/s);
  await helm('install', 'rig', join(root, 'charts/rig'), ...options, '--set', 'crds.keep=false');
  await helm('uninstall', 'rig', '--namespace', system, '--wait');
  assert.doesNotMatch(await kubectl('get', 'crds', '-o', 'name'), /dashecorp/);
  await kubectl('delete', 'namespace', system, '--timeout=60s');
});
