import { writeFileSync } from 'node:fs';
import { ExitCode, ExitError } from '#lib/terminal';
import {
  admitNode,
  type ControlPlane,
  ControlPlaneError,
  describeExit,
  type Ports,
  startControlPlane,
} from '../../controlplane/index.ts';
import { ensureBinary } from '../binaries.ts';
import { type Context, logOf, trouble } from '../context.ts';
import { type Cluster, certificateClient, kubeconfigText } from './cluster.ts';

/** The embedded control plane, started. */
export interface EmbeddedCluster extends Cluster {
  readonly controlPlane: () => ControlPlane;
}

/** The person's certificate is renewed at every start; a rig that stays up longer than this is not a local one. */
const PERSON_TTL_SECONDS = 365 * 86_400;

/** Starts the embedded control plane and keeps it running: when a component ends, all of it is started again on its data. */
export async function startEmbedded(context: Context, progress: (line: string) => void): Promise<EmbeddedCluster> {
  const binary = await ensureBinary('controlplane', { onProgress: progress, signal: context.signal });
  let current = await launch(context, binary, { apiserver: context.store.state.ports.apiserver });
  const keepRunning = async (): Promise<void> => {
    for (;;) {
      const exit = await current.controlPlane.exited;
      if (exit === null || context.signal.aborted) return;
      trouble(context)(`${describeExit(exit).split(';')[0]}; starting the control plane again`);
      await current.stop();
      // Its clients know the API server by its port; etcd's is nobody else's business, and may have been taken meanwhile.
      current = await launch(context, binary, { apiserver: current.controlPlane.ports.apiserver });
    }
  };
  keepRunning().catch(context.fail);
  const { controlPlane } = current;
  const server = { url: controlPlane.serverURL, caPEM: controlPlane.caPEM };
  const admin = await controlPlane.issueClientCertificate({
    user: 'rig-up',
    groups: ['system:masters'],
    ttlSeconds: PERSON_TTL_SECONDS,
  });
  return {
    serverURL: server.url,
    admitNode: async (node) => {
      const { bootstrapKubeconfig, stop } = await admitNode(current.controlPlane, node);
      return { bootstrapKubeconfig: JSON.stringify(bootstrapKubeconfig), done: stop };
    },
    caPEM: server.caPEM,
    client: certificateClient(server, admin),
    binary,
    controlPlane: () => current.controlPlane,
  };
}

interface Launched {
  readonly controlPlane: ControlPlane;
  stop(): Promise<void>;
}

async function launch(context: Context, binary: string, ports: Partial<Ports>): Promise<Launched> {
  const log = logOf(context, 'controlplane');
  let controlPlane: ControlPlane;
  try {
    controlPlane = await startControlPlane({
      binary,
      dataDir: context.layout.data('controlplane'),
      ports,
      signal: context.signal,
      onLine: (component, line) => log.note(`${component} ${line}`),
    });
  } catch (error) {
    log.close();
    if (error instanceof ControlPlaneError) throw new ExitError(ExitCode.Environment, error.message, { cause: error });
    throw error;
  }
  const pids = Object.entries(controlPlane.pids());
  for (const [component, pid] of pids) context.book.add(component, pid);
  const stop = async () => {
    await controlPlane.stop();
    for (const [, pid] of pids) context.book.remove(pid);
    log.close();
  };
  context.stops.add('controlplane', stop);
  return { controlPlane, stop };
}

/**
 * The kubeconfig of the person: a client certificate of user `you` in group `rig:root`, which may do everything in this
 * cluster. It is theirs to use and the only lasting credential on disk, mode 0600.
 */
export async function writePersonKubeconfig(
  context: Context,
  cluster: EmbeddedCluster,
  namespace: string,
): Promise<void> {
  const issued = await cluster
    .controlPlane()
    .issueClientCertificate({ user: 'you', groups: ['rig:root'], ttlSeconds: PERSON_TTL_SECONDS });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const user = { 'client-certificate-data': base64(issued.certPEM), 'client-key-data': base64(issued.keyPEM) };
  writeFileSync(context.layout.kubeconfig, kubeconfigText(cluster, user, namespace), { mode: 0o600 });
}
