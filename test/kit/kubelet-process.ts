import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinary } from '../../hack/go/build.mjs';
import {
  type Api,
  approveNodeCertificates,
  BOOTSTRAP_GROUP,
  bootstrapUser,
  type Kubeconfig,
  Pki,
} from '../../local/controlplane/index.ts';
import { until } from './cluster-wait.ts';

/** A kubelet tries its walls out before it answers, which takes a busy machine a while. */
const READY_MS = 60_000;

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
  /** Ends it and takes its node and its directory away. */
  remove(): Promise<void>;
}

/** A cluster, as its administrator. */
export interface Administered {
  readonly api: Api;
  /** Logs in with a client certificate that may impersonate. */
  readonly kubeconfig: Kubeconfig;
  /** The multi-call binary of the control plane. */
  readonly binary: string;
}

/** How a test's kubelet is started. */
export interface TestKubeletOptions {
  /** Added to the command line. */
  readonly flags?: readonly string[];
  /** Who it runs as; default: whoever runs the test. Only root can choose. */
  readonly uid?: number;
}

/** Joins a node named `node` to the cluster with the given image map; resolves when it answers, and leaves nothing when it does not. */
export async function joinKubelet(
  cluster: Administered,
  node: string,
  images: Record<string, TestImage>,
  options: TestKubeletOptions = {},
): Promise<TestKubelet> {
  const { api } = cluster;
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-node-'));
  const imageMap = join(dataDir, 'images.json');
  await writeFile(imageMap, JSON.stringify({ images }), { mode: 0o600 });
  const bootstrap = await writeBootstrapKubeconfig(cluster, dataDir, node);
  const built = await ensureBinary('kubelet', { onProgress: (line) => console.error(line) });
  const binary = options.uid === undefined ? built : await handOver(dataDir, built, options.uid);
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
        pki: new Pki(cluster.binary, dataDir),
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
          // The fourth is of no use: what a kubelet is handed must not reach its containers.
          stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
          env: { PATH: process.env.PATH, RIG_WATCH_STDIN: '1', CANARY: 'of the kubelet' },
          ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
        },
      );
      child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
      const before = Date.now();
      try {
        await until(`node ${node} is Ready`, () => isReadySince(api, node, before), READY_MS).catch((error: Error) => {
          throw new Error(`${error.message}; the kubelet said:\n${output}`);
        });
      } finally {
        await approver.stop();
      }
      await writeNodeKubeconfig(kubelet.kubeconfigPath, bootstrap, dataDir);
    },
    async remove() {
      await kubelet.kill();
      await api.call('DELETE', `/api/v1/nodes/${node}`).catch(() => {});
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await kubelet.start();
  } catch (error) {
    await kubelet.remove();
    throw error;
  }
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
async function isReadySince(api: Api, node: string, since: number): Promise<boolean> {
  const object = await api.call<{
    status: { conditions: Array<{ type: string; status: string; lastHeartbeatTime: string }> };
  }>('GET', `/api/v1/nodes/${node}`);
  const ready = object.status.conditions.find((condition) => condition.type === 'Ready');
  // Times in the API are cut to seconds.
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= Math.floor(since / 1000) * 1000;
}

/** The administrator, acting as the bootstrap user: it can do only what that user can. */
async function writeBootstrapKubeconfig({ kubeconfig }: Administered, dataDir: string, node: string): Promise<string> {
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
