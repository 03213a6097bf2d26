import { resources } from '#crds';
import { JOBS, type KubeClient } from '#lib/kube';
import { emptyJob, JobSightings } from '../jobs.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';

const ONE_BY_ONE = 30;
const BURST = 50;
/** The first ones fill caches and compile code; they are not counted. */
const WARM_UP = 5;
const PATIENCE_MS = 60_000;

/** How many forge issues {@link measureDispatch} needs. */
export const ISSUES_NEEDED = WARM_UP + ONE_BY_ONE + BURST;

/** From an Issue with a number to its Job, and what the API server itself takes for a Job. One clock, one watch. */
export async function measureDispatch(
  client: KubeClient,
  tenant: Tenant,
  numbers: readonly number[],
  { say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  const sightings = new JobSightings(client, tenant.namespace);
  const patience = () => AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    say(`own Jobs, ${ONE_BY_ONE} one by one`);
    const floor: number[] = [];
    for (let index = -WARM_UP; index < ONE_BY_ONE; index += 1) {
      const name = `bench-floor-${index + WARM_UP}`;
      const sentAt = performance.now();
      await client.create(JOBS, emptyJob(name, tenant.namespace));
      const seenAt = await sightings.of(name, patience());
      if (index >= 0) floor.push(seenAt - sentAt);
    }
    const submit = async (number: number) => {
      const issue = tenant.issue(number);
      const sentAt = performance.now();
      await client.create(resources.Issue, issue);
      const acceptedAt = performance.now();
      const seenAt = await sightings.of(`${issue.metadata.name}-implement-1-1`, patience());
      return { sentAt, acceptedAt, seenAt };
    };
    const queue = [...numbers];
    for (const number of queue.splice(0, WARM_UP)) await submit(number);
    say(`numbered Issues, ${ONE_BY_ONE} one by one`);
    const accepted: number[] = [];
    for (const number of queue.splice(0, ONE_BY_ONE)) {
      const { acceptedAt, seenAt } = await submit(number);
      accepted.push(seenAt - acceptedAt);
    }
    say(`numbered Issues, ${BURST} at once`);
    const burst = await Promise.all(queue.splice(0, BURST).map(submit));
    const first = Math.min(...burst.map(({ sentAt }) => sentAt));
    const last = Math.max(...burst.map(({ seenAt }) => seenAt));
    return [
      { name: 'floor: own Job sent → seen', unit: 'ms', samples: floor },
      { name: 'numbered Issue accepted → Job seen', unit: 'ms', samples: accepted, target: 100 },
      { name: `${BURST} numbered Issues at once → last Job seen`, unit: 'ms', samples: [last - first] },
    ];
  } finally {
    await sightings.close();
  }
}
