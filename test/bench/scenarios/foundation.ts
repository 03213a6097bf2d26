import { setTimeout as delay } from 'node:timers/promises';
import { resources } from '#crds';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { lastTask, makeFinishedTasks } from '../foundation/history.ts';
import { measureIsolation } from '../foundation/isolation.ts';
import { measurePods } from '../foundation/pods.ts';
import { measureReflector } from '../foundation/reflector.ts';
import { operatorPid, restartToFirstReconcile, restartUntil } from '../foundation/restart.ts';
import { JobSightings } from '../jobs.ts';
import { processes } from '../memory.ts';
import { ALL_IS_WORKED, type RigProcess, withRig } from '../rig.ts';
import type { Measurement, Scenario, ScenarioOptions } from '../scenario.ts';
import { openTenant } from '../tenant.ts';

const LIVE = 1_000;
const FINISHED = 10_000;

/** What everything stands on: nodes, caches, restarts, memory. */
export const scenario: Scenario = {
  about: 'pods through one kubelet, caches of 10,000 objects, restarts and memory of the operator',
  run: (options) =>
    withRig(
      `${options.folder}/rig`,
      options.signal,
      async (rig) => {
        const client = new KubeClient(loadKubeConfig({ path: rig.layout.kubeconfig }));
        try {
          options.note(await lookAtOperator('operator RSS idle', rig, options, 150));
          options.note(...(await measureRestarts(rig, client, options)));
          options.note(...(await measurePods(rig, client, options)));
          options.note(...(await measureIsolation(rig, client, options)));
          options.note(...(await measureLiveTasks(rig, client, options)));
          options.note(...(await measureHistory(rig, client, options)));
        } finally {
          await client.close();
        }
      },
      ALL_IS_WORKED,
    ),
};

async function measureRestarts(
  rig: RigProcess,
  client: KubeClient,
  { rounds, say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  const samples: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    samples.push((await restartToFirstReconcile(rig, client, round, signal)) / 1_000);
    say(`operator restart ${round}/${rounds}: ${samples.at(-1)} s`);
  }
  return [{ name: 'operator started after SIGTERM → first reconcile', unit: 's', samples, target: 1.5 }];
}

/** Issues that are claimed, each with an AgentTask and a Job whose pod fits no node. */
async function measureLiveTasks(rig: RigProcess, client: KubeClient, options: ScenarioOptions): Promise<Measurement[]> {
  const { say, signal } = options;
  const tenant = await openTenant(rig, client, signal);
  say(`${LIVE} live tasks`);
  const numbers = await tenant.fileForgeIssues(LIVE);
  await tenant.replaceDeveloper();
  const sightings = new JobSightings(client, tenant.namespace);
  try {
    const startedAt = performance.now();
    const issues = numbers.map((number) => tenant.issue(number));
    const queue = [...issues];
    const worker = async () => {
      for (let issue = queue.shift(); issue; issue = queue.shift()) await client.create(resources.Issue, issue);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    for (const issue of issues) await sightings.of(`${issue.metadata.name}-implement-1-1`, signal);
    const seconds = (performance.now() - startedAt) / 1_000;
    const memory = await lookAtOperator(`operator RSS with ${LIVE} live tasks`, rig, options);
    return [{ name: `${LIVE} Issues applied → last Job`, unit: 's', samples: [seconds] }, memory];
  } finally {
    await sightings.close();
  }
}

async function measureHistory(rig: RigProcess, client: KubeClient, options: ScenarioOptions): Promise<Measurement[]> {
  const { rounds, say, signal } = options;
  say(`${FINISHED} finished AgentTasks`);
  await makeFinishedTasks(rig, client, FINISHED, signal);
  const reflector = await measureReflector(rig, options);
  const last = lastTask(rig, client, FINISHED);
  const samples: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    samples.push((await restartUntil(rig, last.spoil, last.isRight, signal)) / 1_000);
    say(`restart with ${FINISHED} finished tasks ${round}/${rounds}: ${samples.at(-1)} s`);
  }
  return [
    ...reflector,
    {
      name: `operator started → the last of ${FINISHED} finished AgentTasks looked at`,
      unit: 's',
      samples,
      target: 15,
    },
    await lookAtOperator(`operator RSS with ${FINISHED} finished tasks besides`, rig, options),
  ];
}

/** Memory of the operator, looked at once a second for ten seconds. */
async function lookAtOperator(
  name: string,
  rig: RigProcess,
  { signal }: ScenarioOptions,
  target?: number,
): Promise<Measurement> {
  const samples: number[] = [];
  for (let look = 0; look < 10; look += 1) {
    await delay(1_000, undefined, { signal });
    const pid = operatorPid(rig);
    samples.push((processes().find((one) => one.pid === pid)?.rssKiB ?? 0) / 1_024);
  }
  return { name, unit: 'MiB', samples, ...(target === undefined ? {} : { target }) };
}
