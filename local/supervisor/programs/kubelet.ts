import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ConditionTypeName } from '#crds';
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

/** Whether this machine, as a node, keeps what agents run from the person and from each other, and how or why not. */
export interface Isolation {
  readonly holds: boolean;
  /** Sentences of the node's own. */
  readonly message: string;
}

/**
 * Joins this machine as a node. It asks for its certificates itself; they are approved here, each after a look at who asks for
 * what, and only while the node starts. Pods that run when the rig goes down are stopped with it. Resolves, when the node is
 * ready, to what it says about isolation.
 */
export async function startKubelet(
  context: Context,
  cluster: Cluster,
  source: Source,
  progress: (line: string) => void,
): Promise<Isolation> {
  const binary = await ensureBinary('kubelet', { onProgress: progress, signal: context.signal });
  const { layout, store, options } = context;
  const imageMap = join(layout.identities, 'images.json');
  writePrivately(imageMap, JSON.stringify({ images: imageMapOf(source) }, null, 2));
  const bootstrap = join(layout.identities, 'bootstrap.kubeconfig');
  let admission: NodeAdmission | undefined;
  let node: Node | undefined;
  const program: Program = {
    name: 'kubelet',
    command: binary,
    args: [
      `--node-name=${NODE_NAME}`,
      `--bootstrap-kubeconfig=${bootstrap}`,
      `--data-dir=${layout.data('kubelet')}`,
      `--image-map=${imageMap}`,
      `--port=${store.state.ports.kubelet}`,
      `--isolation=${options.isolation}`,
      // The checkout is the agents' image, and the data directory may lie in it.
      `--hide=${layout.root}`,
      '--stop-pods-on-exit',
    ],
    prepare: async () => {
      admission = await cluster.admitNode(NODE_NAME);
      writePrivately(bootstrap, admission.bootstrapKubeconfig);
    },
    ready: async (signal) => {
      node = await untilNodeReady(cluster.client, signal).finally(() => admission?.done());
    },
    // A person who has to approve the node takes longer than a program.
    readyTimeoutMs: READY_TIMEOUT_MS,
    graceMs: 20_000,
  };
  await startProgram(context, 'kubelet', program);
  return isolationOf(node);
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
  status?: { conditions?: { type: string; status: string; message?: string; lastHeartbeatTime?: string }[] };
}

/** What a node's condition says; a node that says nothing does not isolate. */
export function isolationOf(node: Node | undefined): Isolation {
  const condition = node?.status?.conditions?.find(({ type }) => type === ('Isolated' satisfies ConditionTypeName));
  return {
    holds: condition?.status === 'True',
    message: condition?.message ?? 'The node does not say whether it isolates.',
  };
}

/** Ready as said by this run of the kubelet: what an earlier one said does not count. */
async function untilNodeReady(client: KubeClient, signal: AbortSignal): Promise<Node> {
  // Times in the API are cut to seconds.
  const since = Math.floor(Date.now() / 1000) * 1000;
  for (;;) {
    signal.throwIfAborted();
    const node = (await client.find(NODES, { name: NODE_NAME }, { signal })) as Node | undefined;
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') >= since) return node!;
    await wait(POLL_MS, undefined, { signal });
  }
}
