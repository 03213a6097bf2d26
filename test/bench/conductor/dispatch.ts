import { setTimeout as delay } from 'node:timers/promises';
import { type Issue, resources } from '#crds';
import { JOBS, type KubeClient } from '#lib/kube';
import { emptyJob, JobSightings } from '../jobs.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';

const ONE_BY_ONE = 100;
/** The first ones fill caches and compile code; they are not counted. */
const WARM_UP = 20;
const BURST = 200;
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;

/** How many forge issues {@link measureDispatch} needs. */
export const issuesNeeded = (rounds: number): number => WARM_UP + ONE_BY_ONE + rounds * BURST;

interface Bench {
  readonly client: KubeClient;
  readonly tenant: Tenant;
  readonly sightings: JobSightings;
  readonly options: ScenarioOptions;
}

/** What the API server itself takes for Jobs: one at a time, and 200 at once. The floor under everything else. */
export async function measureFloor(
  client: KubeClient,
  tenant: Tenant,
  options: ScenarioOptions,
): Promise<Measurement[]> {
  const sightings = new JobSightings(client, tenant.namespace);
  try {
    const make = async (name: string) => {
      const sentAt = performance.now();
      await client.create(JOBS, emptyJob(name, tenant.namespace));
      return (await sightings.of(name, patience(options))) - sentAt;
    };
    options.say(`own Jobs: ${ONE_BY_ONE} one by one, ${BURST} at once`);
    const single: number[] = [];
    for (let index = -WARM_UP; index < ONE_BY_ONE; index += 1) {
      const took = await make(`bench-floor-${index + WARM_UP}`);
      if (index >= 0) single.push(took);
    }
    const bursts: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: BURST }, (_, index) => make(`bench-floor-${round}-${index}`)));
      bursts.push((performance.now() - startedAt) / 1_000);
    }
    return [
      { name: 'floor: own Job sent → seen', unit: 'ms', samples: single },
      { name: `floor: ${BURST} own Jobs at once → last seen`, unit: 's', samples: bursts },
    ];
  } finally {
    await sightings.close();
  }
}

/** From numbered Issues to their Jobs; `under` says what was different about the run. One clock, one watch. */
export async function measureDispatch(
  client: KubeClient,
  tenant: Tenant,
  numbers: readonly number[],
  options: ScenarioOptions,
  under = '',
): Promise<Measurement[]> {
  const bench = { client, tenant, options, sightings: new JobSightings(client, tenant.namespace) };
  try {
    const queue = [...numbers];
    const created = await measureOneByOne(bench, queue);
    const bursts = await measureBursts(bench, queue);
    return [
      { name: `Issue created → Job seen${under}`, unit: 'ms', samples: created, target: 16, targetP99: 60 },
      { name: `${BURST} Issues at once → last Job seen${under}`, unit: 's', samples: bursts, target: 2.6 },
    ];
  } finally {
    await bench.sightings.close();
  }
}

async function measureOneByOne(bench: Bench, queue: number[]): Promise<number[]> {
  bench.options.say(`numbered Issues, ${ONE_BY_ONE} one by one`);
  const took: number[] = [];
  const made: Issue[] = [];
  for (const number of queue.splice(0, WARM_UP + ONE_BY_ONE)) {
    const { issue, acceptedAt, seenAt } = await submit(bench, number);
    made.push(issue);
    took.push(seenAt - acceptedAt);
  }
  await discard(bench, made);
  return took.slice(WARM_UP);
}

async function measureBursts(bench: Bench, queue: number[]): Promise<number[]> {
  const { options } = bench;
  const took: number[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const startedAt = performance.now();
    const burst = await Promise.all(queue.splice(0, BURST).map((number) => submit(bench, number)));
    took.push((Math.max(...burst.map(({ seenAt }) => seenAt)) - startedAt) / 1_000);
    options.say(`${BURST} numbered Issues at once ${round}/${options.rounds}: ${took.at(-1)!.toFixed(2)} s`);
    await discard(
      bench,
      burst.map(({ issue }) => issue),
    );
  }
  return took;
}

async function submit({ client, tenant, sightings, options }: Bench, number: number) {
  const issue = tenant.issue(number);
  await client.create(resources.Issue, issue);
  const acceptedAt = performance.now();
  const seenAt = await sightings.of(`${issue.metadata.name}-implement-1-1`, patience(options));
  return { issue, acceptedAt, seenAt };
}

/** Deletes Issues, and waits until garbage collection has taken their Jobs: the next round begins on an idle rig. */
async function discard({ client, tenant, options }: Bench, issues: readonly Issue[]): Promise<void> {
  const { namespace } = tenant;
  for (const { metadata } of issues) await client.delete(resources.Issue, { namespace, name: metadata.name! });
  const names = new Set(issues.map(({ metadata }) => `${metadata.name}-implement-1-1`));
  for (;;) {
    const { items } = await client.list(JOBS, { namespace });
    if (!items.some(({ metadata }) => names.has(metadata.name!))) return;
    await delay(LOOK_MS, undefined, { signal: options.signal });
  }
}

function patience({ signal }: ScenarioOptions): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
}
