import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { holdPort } from '#lib/http';
import type { KubeClient, Resource } from '#lib/kube';
import type { TestCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { ensureBinary } from '../go/build.mjs';

const CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};
const RESOURCES = 'kyverno-resource-validating-webhook-cfg';

/** Kyverno's own admission controller, asked by the API server of the test. */
export interface TestKyverno {
  /** Ends the process at once, as a lost node does, and starts another; resolves before that one is ready. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A folder of the module that the controller is built from. */
export async function kyvernoFolder(...path: readonly string[]): Promise<string> {
  const args = ['mod', 'download', '-json', 'github.com/kyverno/kyverno'];
  const { stdout } = await promisify(execFile)('go', args, { cwd: import.meta.dirname });
  return join((JSON.parse(stdout) as { Dir: string }).Dir, ...path);
}

/** Makes Kyverno's kinds and its namespace; policies can be applied then. */
export async function installKyverno(cluster: TestCluster): Promise<void> {
  for (const group of ['kyverno', 'policies.kyverno.io'])
    await cluster.kubectl('apply', '--server-side', '-f', await kyvernoFolder('config', 'crds', group));
  await cluster.kubectl('create', 'namespace', 'kyverno');
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
}

/**
 * Starts Kyverno beside the cluster, for a policy that was applied before, and ends it with the test. It may ask `url` alone, and believes the
 * certificates of the authorities in the folder `trusted`, as they are when it starts. Resolves when the API server is told to ask it.
 */
export async function startKyverno(
  t: { after(fn: () => unknown): void },
  { cluster, client, ...asks }: Asks & { cluster: TestCluster; client: KubeClient },
): Promise<TestKyverno> {
  const binary = await ensureBinary('kyverno', { onProgress: (line) => console.error(line) });
  const port = await freePort();
  const start = () => run(binary, cluster.kubeconfigPath, port, asks);
  let child = start();
  const stop = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  t.after(stop);
  await until('the API server is told to ask Kyverno', async () => {
    if (child.exitCode !== null) throw new Error(`Kyverno ended with ${child.exitCode}`);
    return JSON.stringify(await client.get(CONFIGURATIONS, { name: RESOURCES })).includes(`127.0.0.1:${port}`);
  });
  return {
    stop,
    restart: async () => {
      await stop();
      child = start();
    },
  };
}

interface Asks {
  readonly url: string;
  readonly trusted: string;
}

function run(binary: string, kubeconfig: string, port: number, { url, trusted }: Asks): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    KYVERNO_NAMESPACE: 'kyverno',
    KYVERNO_SERVICEACCOUNT_NAME: 'kyverno',
    KYVERNO_DEPLOYMENT: 'kyverno',
    KYVERNO_POD_NAME: 'kyverno-test',
    INIT_CONFIG: 'kyverno',
    METRICS_CONFIG: 'kyverno-metrics',
    // As docs/admission.md has it set in a cluster.
    SSL_CERT_DIR: trusted,
  };
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--serverIP=127.0.0.1:${port}`,
    '--webhookServerHost=127.0.0.1',
    `--webhookServerPort=${port}`,
    '--caSecretName=kyverno-ca',
    '--tlsSecretName=kyverno-tls',
    '--tlsKeyAlgorithm=ECDSA',
    '--disableMetrics=true',
    '--controllerRuntimeMetricsAddress=0',
    '--admissionReports=false',
    '--generateValidatingAdmissionPolicy=false',
    '--leaderElectionRetryPeriod=1s',
    // What it refuses to ask by default holds loopback, and stands above what it may ask.
    '--httpBlocklist=169.254.0.0/16',
    `--httpAllowlist=${url}`,
    '--crdWatcher=true',
  ];
  return spawn(binary, args, { env, stdio: 'ignore' });
}

async function freePort(): Promise<number> {
  const held = await holdPort(0);
  assert.ok(held);
  await held.release();
  return held.port;
}
