import { setTimeout as delay } from 'node:timers/promises';
import { requireUp } from '#lib/datadir';
import { JOBS, type KubeClient, type KubeObject, PODS, type Resource } from '#lib/kube';
import { processes } from '../memory.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';

const PODS_IN_ALL = 1_000;
/** At once, below what the node takes. */
const PARALLELISM = 80;
const ONE_BY_ONE = 30;
const WARM_UP = 3;
const LOOK_MS = 500;
/** What the rig's image map knows; its command is replaced. */
const IMAGE = 'rig-agent-runtime:node';

interface Job extends KubeObject {
  status?: { succeeded?: number };
}

interface Pod extends KubeObject {
  spec?: { nodeName?: string };
}

/** How fast one kubelet runs pods that do nothing, and how soon the process of a pod runs. */
export async function measurePods(
  rig: RigProcess,
  client: KubeClient,
  options: ScenarioOptions,
): Promise<Measurement[]> {
  const { namespace } = requireUp(rig.layout).tenant;
  const starts = await measureStarts(client, namespace, options);
  return [...starts, ...(await measureThroughput(rig, client, namespace, options))];
}

async function measureThroughput(
  rig: RigProcess,
  client: KubeClient,
  namespace: string,
  { say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  const rates: number[] = [];
  const peaks: number[] = [];
  const kubelet = requireUp(rig.layout).processes.find(({ name }) => name === 'kubelet')!;
  // One Job of a thousand pods takes a minute: the machine's mood is in every figure of it already.
  for (let round = 1; round <= 1; round += 1) {
    const name = `bench-pods-${round}`;
    const startedAt = performance.now();
    await client.create(JOBS, jobOf(name, namespace, ['true'], { completions: PODS_IN_ALL, parallelism: PARALLELISM }));
    let peak = 0;
    for (let done = 0; done < PODS_IN_ALL; ) {
      await delay(LOOK_MS, undefined, { signal });
      peak = Math.max(peak, processes().find(({ pid }) => pid === kubelet.pid)?.rssKiB ?? 0);
      done = (await client.get<Job>(JOBS as Resource<Job>, { namespace, name })).status?.succeeded ?? 0;
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    say(`${PODS_IN_ALL} pods in ${seconds.toFixed(1)} s`);
    rates.push(PODS_IN_ALL / seconds);
    peaks.push(peak / 1_024);
    await client.delete(JOBS, { namespace, name });
  }
  return [
    { name: `${PODS_IN_ALL} pods of a no-op Job, one kubelet`, unit: 'pods/s', samples: rates, atLeast: 10 },
    { name: 'kubelet RSS meanwhile, highest', unit: 'MiB', samples: peaks, target: 150 },
  ];
}

/** A container that prints the time has started by then: its own clock reading is an upper bound. */
async function measureStarts(
  client: KubeClient,
  namespace: string,
  { say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  say(`process starts, ${ONE_BY_ONE} one by one`);
  const fromBinding: number[] = [];
  const fromJob: number[] = [];
  const stop = new AbortController();
  const bound = new Map<string, { pod: string; at: number }>();
  const watching = client.watch<Pod>(PODS as Resource<Pod>, {
    namespace,
    signal: AbortSignal.any([stop.signal, signal]),
    onEvent: (_type, { metadata, spec }) => {
      const job = metadata.labels?.['batch.kubernetes.io/job-name'];
      if (job !== undefined && spec?.nodeName && !bound.has(job))
        bound.set(job, { pod: metadata.name!, at: Date.now() });
    },
  });
  try {
    for (let index = -WARM_UP; index < ONE_BY_ONE; index += 1) {
      const name = `bench-start-${index + WARM_UP}`;
      const appliedAt = Date.now();
      await client.create(JOBS, jobOf(name, namespace, ['date', '+%s%3N'], { completions: 1, parallelism: 1 }));
      const startedAt = await printedTime(client, namespace, () => bound.get(name)?.pod, signal);
      if (index < 0) continue;
      fromJob.push(startedAt - appliedAt);
      fromBinding.push(startedAt - bound.get(name)!.at);
    }
  } finally {
    stop.abort();
    await watching;
  }
  return [
    { name: 'pod seen bound → process started', unit: 'ms', samples: fromBinding, target: 50 },
    { name: 'Job applied → process started', unit: 'ms', samples: fromJob },
  ];
}

async function printedTime(
  client: KubeClient,
  namespace: string,
  podName: () => string | undefined,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const name = podName();
    const text = name === undefined ? '' : await client.podLogs({ namespace, name }).catch(() => '');
    if (/^\d{13}\n/.test(text)) return Number(text);
    await delay(20, undefined, { signal });
  }
}

function jobOf(
  name: string,
  namespace: string,
  command: string[],
  size: { completions: number; parallelism: number },
): KubeObject {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65_532,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const spec = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ key: 'rig.dashecorp.com/host-process', operator: 'Exists' }],
    containers: [{ name: 'main', image: IMAGE, command, securityContext }],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { backoffLimit: 0, ...size, template: { spec } },
  } as KubeObject;
}
