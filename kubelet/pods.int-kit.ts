import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { request } from 'node:https';
import type { Readable, Writable } from 'node:stream';
import { testCluster } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';

/** A pod of one shell container named main on the node, whose image is `rig-shell:1`. */
export const shellPod = (node: string, script: string, container: object = {}, spec: object = {}) => ({
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 2,
  tolerations: [{ operator: 'Exists' }],
  nodeSelector: { 'kubernetes.io/hostname': node },
  containers: [{ name: 'main', image: 'rig-shell:1', args: [script], ...container }],
  ...spec,
});

export const shellImage = { 'rig-shell:*': { directory: '/', command: ['/bin/sh', '-c'] } };

/** Creates the pod and resolves once it is in the phase (default Running). */
export async function runPod(ns: string, name: string, spec: object, phase = 'Running'): Promise<void> {
  const { api } = await testCluster();
  const path = `/api/v1/namespaces/${ns}/pods`;
  await until(`pod ${name} is taken`, () =>
    api.call('POST', path, { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec }),
  );
  await untilPod(ns, name, (pod) => pod.status.phase === phase);
}

export interface HostPod {
  metadata: { uid: string };
  status: {
    phase: string;
    containerStatuses?: Array<{ ready: boolean; state: { terminated?: { exitCode: number; reason: string } } }>;
  };
}

/** Resolves to the pod once `is` holds. */
export async function untilPod(ns: string, name: string, is: (pod: HostPod) => boolean): Promise<HostPod> {
  const { api } = await testCluster();
  return until(`pod ${name} is as expected`, async () => {
    const pod = await api.call<HostPod>('GET', `/api/v1/namespaces/${ns}/pods/${name}`);
    if (is(pod)) return pod;
    throw new Error(JSON.stringify(pod.status));
  });
}

/** A kubectl that runs, with what it said so far. */
export interface Kubectl {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  out(): string;
  err(): string;
  /** Resolves to the exit code. */
  readonly exit: Promise<number | null>;
}

/** Starts kubectl as the administrator; env is added to its own. Ended after the test. */
export async function startKubectl(
  t: { after(end: () => unknown): void },
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Kubectl> {
  const { binary, kubeconfigPath } = await testCluster();
  return follow(
    t,
    spawn(binary, ['kubectl', `--kubeconfig=${kubeconfigPath}`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    }),
  );
}

/** Runs a line of shell on a terminal of its own; `$KUBECTL` is kubectl as the administrator. */
export async function startOnTerminal(
  t: { after(end: () => unknown): void },
  line: string,
  env: Record<string, string> = {},
): Promise<Kubectl> {
  const { binary, kubeconfigPath } = await testCluster();
  return follow(
    t,
    spawn('script', ['-qec', line, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, KUBECTL: `${binary} kubectl --kubeconfig=${kubeconfigPath}`, TERM: 'xterm', ...env },
    }),
  );
}

function follow(
  t: { after(end: () => unknown): void },
  child: ChildProcessByStdio<Writable, Readable, Readable>,
): Kubectl {
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  // A child that ended takes no more input.
  child.stdin.on('error', () => {});
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { child, out: () => out, err: () => err, exit };
}

/** Who asks: nobody, a bearer token, or a client certificate. */
export interface Credential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The administrator's client certificate. */
export async function adminCredential(): Promise<Credential> {
  const { kubeconfig } = await testCluster();
  const { user } = kubeconfig.users[0];
  const decode = (data = '') => Buffer.from(data, 'base64').toString('utf8');
  return { cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']) };
}

/** Asks the kubelet on its own port, whose certificate must be the cluster's. */
export async function askKubelet(
  node: string,
  method: string,
  path: string,
  who: Credential = {},
): Promise<{ status: number; body: string }> {
  const { api, kubeconfig } = await testCluster();
  const object = await api.call<{ status: { daemonEndpoints: { kubeletEndpoint: { Port: number } } } }>(
    'GET',
    `/api/v1/nodes/${node}`,
  );
  const ca = Buffer.from(kubeconfig.clusters[0].cluster['certificate-authority-data'], 'base64');
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: object.status.daemonEndpoints.kubeletEndpoint.Port,
      method,
      path,
      ca,
      cert: who.cert,
      key: who.key,
      agent: false,
      headers: who.token ? { authorization: `Bearer ${who.token}` } : {},
    };
    const asked = request(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
}
