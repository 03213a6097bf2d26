import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type KubeClient, type KubeObject, NODES } from '#lib/kube';
import { ensureBinary } from '../binaries.ts';
import { checkout } from '../checkout.ts';
import type { Cluster, NodeAdmission } from '../cluster/cluster.ts';
import { writePrivately } from '../cluster/identities.ts';
import { type Context, startProgram } from '../context.ts';
import type { Program } from '../process/program.ts';
import { sampleTools } from '../tenant/repository.ts';
import type { Source } from '../tenant/source.ts';

/** Name of the node that this machine is. */
export const NODE_NAME = 'local';
/** What agents run in: the name of the published image, and how the samples call it. */
const AGENT_IMAGES = ['ghcr.io/dashecorp/rig-agent-runtime:*', 'rig-agent-runtime:*'];
const POLL_MS = 100;
const READY_TIMEOUT_MS = 150_000;

/**
 * Joins this machine as a node. It asks for its certificates itself; they are approved here, each after a look at who asks for
 * what, and only while the node starts. Pods that run when the rig goes down are stopped with it.
 */
export async function startKubelet(
  context: Context,
  cluster: Cluster,
  source: Source,
  progress: (line: string) => void,
): Promise<void> {
  const binary = await ensureBinary('kubelet', { onProgress: progress, signal: context.signal });
  const { layout, store } = context;
  const imageMap = join(layout.identities, 'images.json');
  writePrivately(imageMap, JSON.stringify({ images: imageMapOf(source) }, null, 2));
  const bootstrap = join(layout.identities, 'bootstrap.kubeconfig');
  let admission: NodeAdmission | undefined;
  const program: Program = {
    name: 'kubelet',
    command: binary,
    args: [
      `--node-name=${NODE_NAME}`,
      `--bootstrap-kubeconfig=${bootstrap}`,
      `--data-dir=${layout.data('kubelet')}`,
      `--image-map=${imageMap}`,
      `--port=${store.state.ports.kubelet}`,
      '--stop-pods-on-exit',
    ],
    prepare: async () => {
      admission = await cluster.admitNode(NODE_NAME);
      writePrivately(bootstrap, admission.bootstrapKubeconfig);
    },
    ready: (signal) => untilNodeReady(cluster.client, signal).finally(() => admission?.done()),
    // A person who has to approve the node takes longer than a program.
    readyTimeoutMs: READY_TIMEOUT_MS,
    graceMs: 20_000,
  };
  await startProgram(context, 'kubelet', program);
}

/** Which folder and command of this machine stand for the agents' image. */
export function imageMapOf(source: Pick<Source, 'isSample'>) {
  const tools = sampleTools(source);
  const runtime = {
    directory: checkout(),
    command: [process.execPath, checkout('agent-image', 'main.ts')],
    env: tools.env,
    path: [...tools.path, dirname(process.execPath)],
  };
  return Object.fromEntries(AGENT_IMAGES.map((image) => [image, runtime]));
}

interface Node extends KubeObject {
  status?: { conditions?: { type: string; status: string; lastHeartbeatTime?: string }[] };
}

/** Ready as said by this run of the kubelet: what an earlier one said does not count. */
async function untilNodeReady(client: KubeClient, signal: AbortSignal): Promise<void> {
  // Times in the API are cut to seconds.
  const since = Math.floor(Date.now() / 1000) * 1000;
  for (;;) {
    signal.throwIfAborted();
    const node = (await client.find(NODES, { name: NODE_NAME }, { signal })) as Node | undefined;
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') >= since) return;
    await wait(POLL_MS, undefined, { signal });
  }
}
