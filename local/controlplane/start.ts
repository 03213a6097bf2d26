import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, silentLogger } from '#lib/observe';
import { grantAccess } from './access.ts';
import { type Api, connect } from './api.ts';
import { type Child, type ChildExit, startChild } from './child.ts';
import { ControlPlaneError } from './errors.ts';
import {
  apiserverFlags,
  type Component,
  controllerManagerFlags,
  etcdFlags,
  layoutOf,
  schedulerFlags,
} from './flags.ts';
import { certificateUser, type Kubeconfig, kubeconfig } from './kubeconfig.ts';
import { type CertificateSubject, type ClientCertificate, Pki } from './pki.ts';
import { choosePorts, type Ports } from './ports.ts';

export interface ControlPlaneOptions {
  /** The control plane's binary (hack/go/build.mjs makes it). */
  readonly binary: string;
  /** Everything is kept here: etcd, keys (mode 0600), logs. Starting again on it finds the cluster as it was. */
  readonly dataDir: string;
  /** Ports left out or 0 are those of the last start where free, else any free ones. */
  readonly ports?: Partial<Ports>;
  readonly logger?: Logger;
  /** Gets every line a component logs, beside the files under `dataDir`/log. */
  readonly onLine?: (component: Component, line: string) => void;
  /** false: etcd does not wait for the disk. Only for data that may be lost with the machine's power. Default true. */
  readonly fsync?: boolean;
  /** How long the API server may take to become ready, default 60,000 ms. */
  readonly readyTimeoutMs?: number;
  /** Ends a start that is under way; what was started is stopped again. */
  readonly signal?: AbortSignal;
}

export interface ControlPlane {
  /** Group system:masters, valid 7 days; it exists only in this object, in no file. */
  readonly adminKubeconfig: Kubeconfig;
  readonly caPEM: string;
  readonly serverURL: string;
  readonly ports: Ports;
  /** Requests as the administrator. */
  readonly api: Api;
  readonly pki: Pki;
  pids(): Readonly<Record<Component, number>>;
  issueClientCertificate(subject: CertificateSubject): Promise<ClientCertificate>;
  /** A kubeconfig around a client certificate of this cluster. */
  kubeconfigFor(certificate: ClientCertificate): Kubeconfig;
  /** Scheduler and controller manager, then the API server, etcd last. Safe to call twice. */
  stop(): Promise<void>;
  /** The first component that ended by itself, with its last log lines; null once stop() was called. */
  readonly exited: Promise<ChildExit | null>;
}

const ADMIN_TTL_SECONDS = 7 * 86_400;
const POLL_MS = 50;

/**
 * Starts etcd, API server, controller manager and scheduler on loopback and resolves when /readyz says ok.
 * Throws a ControlPlaneError: PortInUse, NotReady (in time), Exited (a component ended), Aborted, Pki; nothing is left running then.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binary, dataDir, logger = silentLogger, onLine, fsync = true } = options;
  const started = performance.now();
  const layout = layoutOf(dataDir);
  await Promise.all([layout.pki, layout.log].map((dir) => mkdir(dir, { recursive: true, mode: 0o700 })));
  const pki = new Pki(binary, layout.pki);
  const ports = await choosePorts(options.ports ?? {}, join(dataDir, 'ports.json'));
  const { caPEM } = await pki.init();
  const server = { url: `https://127.0.0.1:${ports.apiserver}`, caPEM };
  const children: Child[] = [];
  const start = (component: Component, args: string[]) => {
    const child = startChild({ binary, component, args, logDir: layout.log, onLine });
    children.push(child);
    logger.debug({ component, pid: child.pid }, 'component started');
  };
  try {
    start('etcd', etcdFlags(layout, ports, fsync));
    start('kube-apiserver', apiserverFlags(layout, ports));
    const admin = await pki.issue({ user: 'rig-admin', groups: ['system:masters'], ttlSeconds: ADMIN_TTL_SECONDS });
    const api = connect(server, admin);
    await untilReady(api, children, options);
    await writeComponentKubeconfigs(layout, server);
    start('kube-controller-manager', controllerManagerFlags(layout));
    start('kube-scheduler', schedulerFlags(layout));
    await grantAccess(api);
    logger.info({ url: server.url, ms: Math.round(performance.now() - started) }, 'control plane ready');
    return assemble({ server, admin, ports, pki, api, children });
  } catch (error) {
    await stopInOrder(children);
    throw error;
  }
}

async function untilReady(
  api: Api,
  children: readonly Child[],
  { signal, readyTimeoutMs = 60_000 }: ControlPlaneOptions,
) {
  const deadline = performance.now() + readyTimeoutMs;
  let exit: ChildExit | undefined;
  const watch = (ended: ChildExit) => {
    exit ??= ended;
  };
  for (const child of children) child.exited.then(watch);
  while (!(await api.isReady())) {
    if (signal?.aborted) throw new ControlPlaneError('Aborted', 'Starting the control plane was interrupted.');
    if (exit) throw new ControlPlaneError('Exited', describeExit(exit));
    if (performance.now() > deadline) {
      throw new ControlPlaneError(
        'NotReady',
        `The API server was not ready within ${readyTimeoutMs} ms; its log is kube-apiserver.log.`,
      );
    }
    await delay(POLL_MS);
  }
}

/** One sentence and the last log lines, for a person. */
export function describeExit({ component, code, signal, lastLines }: ChildExit): string {
  const how = signal ? `signal ${signal}` : `exit code ${code ?? 'unknown'}`;
  const tail = lastLines.map((line) => `\n  ${line}`).join('');
  return `${component} ended by itself with ${how}${tail ? `; its last lines were:${tail}` : ' and logged nothing.'}`;
}

async function writeComponentKubeconfigs(layout: ReturnType<typeof layoutOf>, server: { url: string; caPEM: string }) {
  const names = { 'kube-controller-manager': 'controller-manager', 'kube-scheduler': 'scheduler' } as const;
  for (const component of ['kube-controller-manager', 'kube-scheduler'] as const) {
    const pair = join(layout.pki, names[component]);
    const config = kubeconfig(server, { 'client-certificate': `${pair}.crt`, 'client-key': `${pair}.key` });
    await writeFile(layout.kubeconfig(component), JSON.stringify(config), { mode: 0o600 });
  }
}

interface Parts {
  readonly server: { url: string; caPEM: string };
  readonly admin: ClientCertificate;
  readonly ports: Ports;
  readonly pki: Pki;
  readonly api: Api;
  readonly children: readonly Child[];
}

function assemble({ server, admin, ports, pki, api, children }: Parts): ControlPlane {
  let stopping: Promise<void> | undefined;
  const first = Promise.race(children.map((child) => child.exited));
  return {
    adminKubeconfig: kubeconfig(server, certificateUser(admin)),
    caPEM: server.caPEM,
    serverURL: server.url,
    ports,
    api,
    pki,
    pids: () => Object.fromEntries(children.map((child) => [child.component, child.pid])) as Record<Component, number>,
    issueClientCertificate: (subject) => pki.issue(subject),
    kubeconfigFor: (certificate) => kubeconfig(server, certificateUser(certificate)),
    stop() {
      stopping ??= stopInOrder(children).finally(() => api.close());
      return stopping;
    },
    exited: first.then((exit) => (stopping ? null : exit)),
  };
}

const GRACE_MS: Readonly<Record<Component, number>> = {
  'kube-scheduler': 5_000,
  'kube-controller-manager': 5_000,
  // Watches that clients keep open would hold it far longer; what was written is safe in etcd.
  'kube-apiserver': 4_000,
  etcd: 15_000,
};
/** The API server hangs on SIGTERM when its etcd is gone: then it has nothing left to finish. */
const WITHOUT_ETCD_MS = 500;

async function stopInOrder(children: readonly Child[]): Promise<void> {
  let etcdGone = false;
  const of = (component: Component) => children.filter((child) => child.component === component);
  for (const child of of('etcd')) {
    child.exited.then(() => {
      etcdGone = true;
    });
  }
  // Lets the line above see an etcd that ended earlier.
  await Promise.resolve();
  const stop = (component: Component, graceMs: number) =>
    Promise.all(of(component).map((child) => child.stop(graceMs)));
  await Promise.all([
    stop('kube-scheduler', GRACE_MS['kube-scheduler']),
    stop('kube-controller-manager', GRACE_MS['kube-controller-manager']),
  ]);
  await stop('kube-apiserver', etcdGone ? WITHOUT_ETCD_MS : GRACE_MS['kube-apiserver']);
  await stop('etcd', GRACE_MS.etcd);
}
