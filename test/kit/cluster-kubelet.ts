import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinary } from '../../hack/go/build.mjs';
import { approveNodeCertificates, BOOTSTRAP_GROUP, bootstrapUser, Pki } from '../../local/controlplane/index.ts';
import { testCluster } from './cluster.ts';
import { until } from './cluster-wait.ts';

/** What stands for an image on the node; see kubelet/imagemap. */
export interface TestImage {
  readonly directory: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly path?: readonly string[];
  readonly readable?: readonly string[];
}

/** A node of the test cluster that runs pods as processes. */
export interface TestKubelet {
  readonly node: string;
  readonly dataDir: string;
  /** The credential the node uses, as a kubeconfig file: for tests of what it may not do. */
  readonly kubeconfigPath: string;
  /** Starts the kubelet again after `kill`; resolves when the node answers. */
  start(): Promise<void>;
  /** Ends the kubelet by the signal (default SIGTERM); its pods run on. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** What the kubelet wrote so far. */
  log(): string;
}

/** How a test's kubelet is started. */
export interface TestKubeletOptions {
  /** Added to the command line. */
  readonly flags?: readonly string[];
  /** Who it runs as; default: whoever runs the test. Only root can choose. */
  readonly uid?: number;
}

interface TestHooks {
  after(fn: () => unknown): void;
}

/**
 * Joins a node named `node` to the test cluster with the given image map and starts it; pods reach it by nodeSelector
 * `kubernetes.io/hostname: node` and a toleration of its taint. Stopped, with its pods, after the test, or
 * with the cluster when `t` is `clusterLife`.
 */
export async function testKubelet(
  t: TestHooks,
  node: string,
  images: Record<string, TestImage>,
  options: TestKubeletOptions = {},
): Promise<TestKubelet> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-node-'));
  const imageMap = join(dataDir, 'images.json');
  await writeFile(imageMap, JSON.stringify({ images }), { mode: 0o600 });
  const bootstrap = await writeBootstrapKubeconfig(dataDir, node);
  const built = await ensureBinary('kubelet', { onProgress: (line) => console.error(line) });
  const binary = options.uid === undefined ? built : await handOver(dataDir, built, options.uid);
  const { api, binary: controlplane } = await testCluster();
  let child: ChildProcess | undefined;
  let output = '';
  const kubelet: TestKubelet = {
    node,
    dataDir,
    kubeconfigPath: join(dataDir, 'node.kubeconfig'),
    log: () => output,
    async kill(signal = 'SIGTERM') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
    async start() {
      const approver = approveNodeCertificates({
        api,
        pki: new Pki(controlplane, dataDir),
        identity: { node, bootstrapUser: bootstrapUser(node), serveAs: ['127.0.0.1'] },
      });
      const flags = ['--stop-pods-on-exit', '--stop-pods-grace=1s', ...(options.flags ?? [])];
      child = spawn(
        binary,
        [
          `--node-name=${node}`,
          `--bootstrap-kubeconfig=${bootstrap}`,
          `--data-dir=${dataDir}`,
          `--image-map=${imageMap}`,
          ...flags,
        ],
        {
          stdio: ['pipe', 'ignore', 'pipe'],
          env: { PATH: process.env.PATH, RIG_WATCH_STDIN: '1', CANARY: 'of the kubelet' },
          ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
        },
      );
      child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
      const before = Date.now();
      try {
        await until(`node ${node} is Ready; the kubelet said:\n${output}`, () => isReadySince(node, before));
      } finally {
        await approver.stop();
      }
      await writeNodeKubeconfig(kubelet.kubeconfigPath, bootstrap, dataDir);
    },
  };
  t.after(async () => {
    await kubelet.kill();
    await api.call('DELETE', `/api/v1/nodes/${node}`).catch(() => {});
    await rm(dataDir, { recursive: true, force: true });
  });
  await kubelet.start();
  return kubelet;
}

/** Gives the directory and what it holds to the user, and a kubelet they can run: the built one may lie in another's home. */
async function handOver(dataDir: string, built: string, uid: number): Promise<string> {
  const binary = join(dataDir, 'kubelet');
  for (const suffix of ['', '-shim']) await copyFile(`${built}${suffix}`, `${binary}${suffix}`);
  for (const name of await readdir(dataDir)) await chown(join(dataDir, name), uid, uid);
  await chown(dataDir, uid, uid);
  return binary;
}

/** True once the node reported itself Ready after `since`: an earlier kubelet's word does not count. */
async function isReadySince(node: string, since: number): Promise<boolean> {
  const { api } = await testCluster();
  const object = await api.call<{
    status: { conditions: Array<{ type: string; status: string; lastHeartbeatTime: string }> };
  }>('GET', `/api/v1/nodes/${node}`);
  const ready = object.status.conditions.find((condition) => condition.type === 'Ready');
  // Times in the API are cut to seconds.
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= Math.floor(since / 1000) * 1000;
}

/** The administrator, acting as the bootstrap user: it can do only what that user can. */
async function writeBootstrapKubeconfig(dataDir: string, node: string): Promise<string> {
  const { kubeconfig } = await testCluster();
  const user = { ...kubeconfig.users[0].user, as: bootstrapUser(node), 'as-groups': [BOOTSTRAP_GROUP] };
  const path = join(dataDir, 'bootstrap.kubeconfig');
  await writeFile(path, JSON.stringify({ ...kubeconfig, users: [{ ...kubeconfig.users[0], user }] }), { mode: 0o600 });
  return path;
}

async function writeNodeKubeconfig(path: string, bootstrap: string, dataDir: string): Promise<void> {
  const config = JSON.parse(await readFile(bootstrap, 'utf8'));
  const pki = (name: string) => join(dataDir, 'pki', name);
  config.users[0].user = { 'client-certificate': pki('client.crt'), 'client-key': pki('client.key') };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
}
