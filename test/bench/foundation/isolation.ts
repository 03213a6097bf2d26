import { setTimeout as delay } from 'node:timers/promises';
import { requireUp } from '#lib/datadir';
import { type KubeClient, type KubeObject, PODS } from '#lib/kube';
import { joinKubelet, type TestKubelet } from '../../kit/kubelet-process.ts';
import { administered } from '../administered.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';

const PAIRS = 50;
const WARM_UP = 4;
const LOOK_MS = 20;
const IMAGE = 'rig-bench:1';
const IMAGES = { [IMAGE]: { directory: '/', command: ['date', '+%s%3N'] } };

/**
 * What walls cost a start: the same container, one after the other on a node that isolates and on one that does not, from the pod
 * being there, bound, to its process telling the time.
 */
export async function measureIsolation(
  rig: RigProcess,
  client: KubeClient,
  { say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  say(`the price of isolation, ${PAIRS} pairs of starts`);
  const { namespace } = requireUp(rig.layout).tenant;
  const cluster = await administered(rig);
  const kubelets: TestKubelet[] = [];
  try {
    const join = async (isolation: string) => {
      const kubelet = await joinKubelet(cluster, `bench-${isolation}`, IMAGES, { flags: [`--isolation=${isolation}`] });
      kubelets.push(kubelet);
      return (index: number) => startOn(client, namespace, kubelet.node, index, signal);
    };
    const walled = await join('required');
    const open = await join('none');
    const pairs: [number, number][] = [];
    for (let index = -WARM_UP; index < PAIRS; index += 1) {
      // Each goes first as often as the other: who comes second may meet the end of the first.
      const before = index % 2 === 0 ? undefined : await open(index);
      const isolated = await walled(index);
      const pair: [number, number] = [isolated, before ?? (await open(index))];
      if (index >= 0) pairs.push(pair);
    }
    return figures(pairs);
  } finally {
    for (const kubelet of kubelets) await kubelet.remove();
    cluster.api.close();
  }
}

function figures(pairs: readonly [number, number][]): Measurement[] {
  return [
    { name: 'pod bound → process started, isolated', unit: 'ms', samples: pairs.map(([walled]) => walled) },
    { name: 'pod bound → process started, not isolated', unit: 'ms', samples: pairs.map(([, open]) => open) },
    {
      name: 'isolation adds to a start',
      unit: 'ms',
      samples: pairs.map(([walled, open]) => walled - open),
      target: 30,
    },
  ];
}

/** ms from the API server having a pod that names its node to its process telling the time. */
async function startOn(
  client: KubeClient,
  namespace: string,
  node: string,
  index: number,
  signal: AbortSignal,
): Promise<number> {
  const name = `${node}-${index + WARM_UP}`;
  const bound = Date.now();
  await client.create(PODS, podOn(node, name, namespace));
  for (;;) {
    const text = await client.podLogs({ namespace, name }).catch(() => '');
    if (/^\d{13}\n/.test(text)) {
      await client.delete(PODS, { namespace, name });
      return Number(text) - bound;
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

function podOn(node: string, name: string, namespace: string): KubeObject {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65_532,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const spec = {
    nodeName: node,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'main', image: IMAGE, securityContext }],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec } as KubeObject;
}
