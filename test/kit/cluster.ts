import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ensureBinary } from '../../hack/go/build.mjs';
import { type Api, connect, type Kubeconfig, startControlPlane } from '../../local/controlplane/index.ts';

/** A real control plane for tests. */
export interface TestCluster {
  /** The administrator's. */
  readonly kubeconfig: Kubeconfig;
  /** The same as a file, mode 0600. */
  readonly kubeconfigPath: string;
  readonly serverURL: string;
  /** Plain requests as the administrator. */
  readonly api: Api;
  /** The multi-call binary of the control plane. */
  readonly binary: string;
  /** Standard output of kubectl as the administrator; rejects with kubectl's message. */
  kubectl(...args: string[]): Promise<string>;
}

let running: Promise<TestCluster> | undefined;
let stop = async () => {};
const users: Array<() => unknown> = [];

// Registered while the module loads, thus on the root: it runs once, after every test of the process.
after(async () => {
  await running?.catch(() => {});
  for (const end of users.reverse()) await end();
  await stop();
});

/**
 * Takes the place of a test's context where something is to live as long as the cluster: what it is given runs after
 * the last test and before the control plane stops, the latest first.
 */
export const clusterLife = {
  after(end: () => unknown): void {
    users.push(end);
  },
};

/**
 * The control plane of this test process: the one RIG_TEST_KUBECONFIG names (`cluster-main.ts` starts one for a whole
 * run), else one of its own in a temporary directory, started at the first call and stopped after the last test.
 */
export function testCluster(): Promise<TestCluster> {
  running ??= process.env.RIG_TEST_KUBECONFIG ? useGiven(process.env.RIG_TEST_KUBECONFIG) : startOwn();
  return running;
}

/** A control plane of this process alone, in place of {@link testCluster}: for what is said of everything that is in one. */
export function ownCluster(): Promise<TestCluster> {
  running ??= startOwn();
  return running;
}

async function useGiven(path: string): Promise<TestCluster> {
  const kubeconfig = parse(await readFile(path, 'utf8')) as Kubeconfig;
  const cluster = describe(kubeconfig, path, await ensureBinary('controlplane'));
  stop = async () => cluster.api.close();
  return cluster;
}

async function startOwn(): Promise<TestCluster> {
  const binary = await ensureBinary('controlplane', { onProgress: (line) => console.error(line) });
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-cluster-'));
  const plane = await startControlPlane({ binary, dataDir, fsync: false });
  const path = join(dataDir, 'admin.kubeconfig');
  await writeFile(path, JSON.stringify(plane.adminKubeconfig), { mode: 0o600 });
  const cluster = describe(plane.adminKubeconfig, path, binary);
  stop = async () => {
    cluster.api.close();
    await plane.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return cluster;
}

function describe(kubeconfig: Kubeconfig, kubeconfigPath: string, binary: string): TestCluster {
  const { server, 'certificate-authority-data': ca } = kubeconfig.clusters[0].cluster;
  const { user } = kubeconfig.users[0];
  const decode = (data = '') => Buffer.from(data, 'base64').toString('utf8');
  const api = connect(
    { url: server, caPEM: decode(ca) },
    { certPEM: decode(user['client-certificate-data']), keyPEM: decode(user['client-key-data']) },
  );
  return {
    kubeconfig,
    kubeconfigPath,
    serverURL: server,
    api,
    binary,
    async kubectl(...args) {
      const { stdout } = await promisify(execFile)(binary, ['kubectl', `--kubeconfig=${kubeconfigPath}`, ...args]);
      return stdout;
    },
  };
}

const ownNamespaces = new Set<string>();

/** Whether this process made the namespace ({@link testNamespace}); the others of a shared control plane are other tests'. */
export function isOwnNamespace(name: string): boolean {
  return ownNamespaces.has(name);
}

/** Makes a namespace of its own for one test and deletes it afterwards; resolves to its name. */
export async function testNamespace(t: Pick<TestContext, 'after'>, prefix = 'test'): Promise<string> {
  const { api } = await testCluster();
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  ownNamespaces.add(name);
  await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  // Not waited for: emptying a namespace takes the controllers seconds, and nothing else uses the name.
  t.after(() => api.call('DELETE', `/api/v1/namespaces/${name}`));
  return name;
}
