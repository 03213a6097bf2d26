import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Agent, type AgentTask, apiVersion, resources } from '#crds';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { joinKubelet } from '../../kit/kubelet-process.ts';
import { administered } from '../administered.ts';
import { operatorPid } from '../foundation/restart.ts';
import { processes } from '../memory.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';
import { withThreadsFor } from './threads.ts';

const AGENTS = resources.Agent as Resource<Agent & KubeObject>;
const TASKS = resources.AgentTask as Resource<AgentTask & KubeObject>;
/** What an Agent may have at most, and so what runs at once. */
const COUNT = 1_000;
const NODE = 'bench-capacity';
const IMAGE = 'rig-bench-idle:1';
const AGENT = 'bench-idle';
const AT_ONCE = 16;
const LOOK_MS = 1_000;
const PATIENCE_MS = 15 * 60_000;

/** How many forge issues {@link measureCapacity} needs. */
export const CAPACITY_NEEDED = COUNT;

/**
 * An agent that does nothing: it makes itself known, waits until all of them are there, and reports. Its sandbox is another shell that
 * waits. `curl` runs only for its three calls.
 */
const AGENT_SCRIPT = `#!/bin/sh
set -eu
task="$RIG_CONDUCTOR_URL/v1/namespaces/$RIG_NAMESPACE/tasks/$RIG_TASK"
call() { curl --silent --show-error --fail --retry 20 --retry-all-errors --retry-delay 2 --noproxy '*' -X POST -H "authorization: Bearer $1" \${3:+-H 'content-type: application/json' -d "$3"} "$task/$2"; }
pod=$(cat "\${CONTAINER_SANDBOX_MOUNT_POINT:-}$RIG_TOKEN_FILE")
token=$(call "$pod" token | sed 's/.*"conductor":"\\([^"]*\\)".*/\\1/')
call "$token" events '{"events":[{"id":"start","type":"WORK_STARTED","data":{"model":"none"}}]}' > /dev/null
while [ ! -e HERE/go ]; do
  sleep 50
  call "$token" heartbeat '{}' > /dev/null
done
call "$token" events '{"events":[{"id":"end","type":"TASK_FINISHED","data":{"result":"failed","reason":"NothingChanged","message":"It does nothing.","tokens":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0}}}]}' > /dev/null
`;
const SANDBOX_SCRIPT = '#!/bin/sh\nexec sleep 86400\n';

/** A thousand tasks at once on one node, each a pod of two containers, from the first Issue to the last report. */
export async function measureCapacity(...args: Parameters<typeof measureTasks>): Promise<Measurement[]> {
  return await withThreadsFor(COUNT, () => measureTasks(...args));
}

async function measureTasks(
  rig: RigProcess,
  client: KubeClient,
  tenant: Tenant,
  numbers: readonly number[],
  options: ScenarioOptions,
): Promise<Measurement[]> {
  const { say, signal } = options;
  const image = makeImage(options.folder);
  const cluster = await administered(rig);
  const flags = ['--max-pods=1200', '--overcommit=100', '--labels=rig.dashecorp.com/bench=capacity'];
  const kubelet = await joinKubelet(cluster, NODE, { [IMAGE]: image.entry }, { flags });
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    await client.create(AGENTS, agentOf(tenant.namespace));
    await client.patch(AGENTS, { namespace: tenant.namespace, name: 'bench' }, { spec: { suspend: true } });
    const startedAt = performance.now();
    const queue = [...numbers];
    const worker = async () => {
      for (let number = queue.shift(); number !== undefined; number = queue.shift())
        await client.create(resources.Issue, tenant.issue(number));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const peak = new Peak(rig);
    await untilPhases(client, tenant.namespace, ({ Running = 0 }) => Running >= COUNT, { say, signal: patience, peak });
    const running = (performance.now() - startedAt) / 1_000;
    image.release();
    await untilPhases(client, tenant.namespace, ({ ended }) => ended >= COUNT, { say, signal: patience, peak });
    const ended = (performance.now() - startedAt) / 1_000;
    await client.patch(AGENTS, { namespace: tenant.namespace, name: AGENT }, { spec: { suspend: true } });
    return [
      { name: `${COUNT} Issues applied → all their agents run at once`, unit: 's', samples: [running] },
      { name: `${COUNT} Issues applied → all their tasks ended`, unit: 's', samples: [ended], target: 600 },
      { name: 'operator RSS meanwhile, highest', unit: 'MiB', samples: [peak.mib] },
    ];
  } finally {
    await kubelet.remove();
    cluster.api.close();
  }
}

function makeImage(folder: string) {
  const directory = join(folder, 'idle');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  const script = (name: string, text: string) => {
    const file = join(directory, 'bin', name);
    writeFileSync(file, text.replaceAll('HERE', directory));
    chmodSync(file, 0o755);
    return file;
  };
  const agent = script('agent', AGENT_SCRIPT);
  // The sandbox's command is `node`, found first here.
  script('node', SANDBOX_SCRIPT);
  return {
    entry: { directory, command: ['/bin/sh', agent], path: [join(directory, 'bin')] },
    release: () => writeFileSync(join(directory, 'go'), ''),
  };
}

function agentOf(namespace: string): Agent & KubeObject {
  return {
    apiVersion,
    kind: 'Agent',
    metadata: { name: AGENT, namespace },
    spec: {
      role: 'developer',
      stacks: ['node'],
      image: IMAGE,
      models: { default: { provider: 'anthropic', model: 'claude-sonnet-4-6' } },
      caps: { perTaskUSD: 1, perSessionUSD: 1 },
      attempts: 1,
      forgeCredentialsSecretRef: { name: 'forge-dev-e' },
      concurrency: COUNT,
      resources: { requests: { memory: '4Mi' }, limits: { memory: '64Mi' } },
      nodeSelector: { 'rig.dashecorp.com/bench': 'capacity' },
      tolerations: [{ key: 'rig.dashecorp.com/host-process', operator: 'Exists' }],
    },
  } as unknown as Agent & KubeObject;
}

interface Phases extends Partial<Record<string, number>> {
  readonly ended: number;
}

/** The most memory the operator was seen with. */
class Peak {
  readonly #rig: RigProcess;
  mib = 0;

  constructor(rig: RigProcess) {
    this.#rig = rig;
  }

  look(): void {
    const pid = operatorPid(this.#rig);
    const rss = processes().find((one) => one.pid === pid)?.rssKiB ?? 0;
    this.mib = Math.max(this.mib, rss / 1_024);
  }
}

async function untilPhases(
  client: KubeClient,
  namespace: string,
  wanted: (phases: Phases) => boolean,
  { say, signal, peak }: { say: (line: string) => void; signal: AbortSignal; peak: Peak },
): Promise<void> {
  for (let look = 0; ; look += 1) {
    const { items } = await client.list(TASKS, { namespace });
    const phases: Record<string, number> = {};
    for (const { spec, status } of items)
      if (spec.agentRef.name === AGENT)
        phases[status?.phase ?? 'Pending'] = (phases[status?.phase ?? 'Pending'] ?? 0) + 1;
    const { Pending = 0, Running = 0, ...over } = phases;
    const ended = Object.values(over).reduce((sum, count) => sum + count, 0);
    if (look % 20 === 0) say(`${Pending} pending, ${Running} running, ${ended} ended`);
    peak.look();
    if (wanted({ ...phases, ended })) return;
    await delay(LOOK_MS, undefined, { signal });
  }
}
