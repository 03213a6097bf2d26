import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Issue, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { asConductor } from '../administered.ts';
import { operatorPid, restartUntil } from '../foundation/restart.ts';
import { processes } from '../memory.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const COUNT = 10_000;
const AT_ONCE = 24;
const LISTS = 100;
const LOOKS = 10;
/** Beyond what the forge has filed: these issues are known to the cluster alone. */
const FIRST_NUMBER = 1_000_000;

/** The operator with 10,000 open Issues, all but one of them queued: memory, a restart, listings. */
export async function measureScale(
  rig: RigProcess,
  client: KubeClient,
  tenant: Tenant,
  options: ScenarioOptions,
): Promise<Measurement[]> {
  const { rounds, say, signal } = options;
  say(`${COUNT} open Issues`);
  // One Agent that is busy already: every Issue is judged, and waits.
  await client.patch(
    resources.Agent,
    { namespace: tenant.namespace, name: 'bench' },
    { spec: { suspend: false, concurrency: 1 } },
  );
  const startedAt = performance.now();
  const last = await makeIssues(client, tenant, signal);
  await untilJudged(client, last, signal);
  const judged = (performance.now() - startedAt) / 1_000;
  const memory: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    await delay(1_000, undefined, { signal });
    const pid = operatorPid(rig);
    memory.push((processes().find((one) => one.pid === pid)?.rssKiB ?? 0) / 1_024);
  }
  const lists = await timeLists(rig, tenant, signal);
  const restarts: number[] = [];
  const conductor = asConductor(rig);
  for (let round = 1; round <= rounds; round += 1) {
    const spoil = async () => void (await conductor.patchStatus(ISSUES, last, { why: 'spoilt' }));
    const isRight = async () => (await client.get(ISSUES, last)).status?.why !== 'spoilt';
    restarts.push((await restartUntil(rig, spoil, isRight, signal)) / 1_000);
    say(`restart with ${COUNT} open Issues ${round}/${rounds}: ${restarts.at(-1)} s`);
  }
  await conductor.close();
  return [
    { name: `${COUNT} Issues applied → the last one judged`, unit: 's', samples: [judged] },
    { name: `operator RSS with ${COUNT} open Issues`, unit: 'MiB', samples: memory, target: 400 },
    { name: `conductor API, list of Issues out of ${COUNT}`, unit: 'ms', samples: lists, targetP95: 100 },
    { name: `operator started → the last of ${COUNT} Issues looked at`, unit: 's', samples: restarts, target: 20 },
  ];
}

/** Answers the one that the operator looks at last. */
async function makeIssues(client: KubeClient, tenant: Tenant, signal: AbortSignal) {
  let next = 0;
  const worker = async () => {
    while (next < COUNT) {
      signal.throwIfAborted();
      await client.create(ISSUES, tenant.issue(FIRST_NUMBER + next++) as Issue & KubeObject);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { namespace: tenant.namespace, name: tenant.issue(FIRST_NUMBER + COUNT - 1).metadata.name! };
}

async function untilJudged(
  client: KubeClient,
  ref: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  while ((await client.get(ISSUES, ref)).status?.why === undefined) await delay(100, undefined, { signal });
}

async function timeLists(rig: RigProcess, { namespace }: Tenant, signal: AbortSignal): Promise<number[]> {
  const token = readFileSync(join(rig.layout.secrets, 'reader-token'), 'utf8').trim();
  const samples: number[] = [];
  let after = '';
  for (let index = 0; index < LISTS; index += 1) {
    const url = new URL(`/v1/namespaces/${namespace}/issues`, requireUp(rig.layout).urls.conductor);
    url.searchParams.set('state', 'open');
    url.searchParams.set('after', after);
    const startedAt = performance.now();
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
    if (!answer.ok) throw new Error(`a listing was answered ${answer.status}: ${await answer.text()}`);
    const page = (await answer.json()) as { after: string | null };
    samples.push(performance.now() - startedAt);
    after = page.after ?? '';
  }
  return samples;
}
