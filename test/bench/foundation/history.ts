import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentTask, apiVersion, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import { createPool } from '#lib/db';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { asConductor } from '../administered.ts';
import type { RigProcess } from '../rig.ts';

const TASKS = resources.AgentTask as Resource<AgentTask & KubeObject>;
const AT_ONCE = 24;

/** Name of the task at `index`; the order of names is that of the indices. */
export function taskName(index: number): string {
  return `bench-done-${String(index).padStart(5, '0')}`;
}

/** Makes AgentTasks that succeeded long ago, as rows of the conductor and as objects, and waits until each shows it. */
export async function makeFinishedTasks(
  rig: RigProcess,
  client: KubeClient,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = requireUp(rig.layout).tenant;
  await insertRows(rig, namespace, count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      signal.throwIfAborted();
      await client.create(TASKS, taskOf(taskName(next++), namespace));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (;;) {
    const { items } = await client.list(TASKS, { namespace });
    if (items.filter(({ status }) => status?.phase === 'Succeeded').length >= count) return;
    await delay(1_000, undefined, { signal });
  }
}

/** Spoils the status of the task that is looked at last, and says whether an operator has put it right. */
export function lastTask(rig: RigProcess, client: KubeClient, count: number) {
  const { namespace } = requireUp(rig.layout).tenant;
  const ref = { namespace, name: taskName(count - 1) };
  return {
    spoil: async () => {
      const conductor = asConductor(rig);
      await conductor.patchStatus(TASKS, ref, { job: 'spoilt' });
      await conductor.close();
    },
    isRight: async () => (await client.get(TASKS, ref)).status?.job === ref.name,
  };
}

async function insertRows(rig: RigProcess, namespace: string, count: number): Promise<void> {
  const url = readFileSync(join(rig.layout.identities, 'rig_conductor.url'), 'utf8').trim();
  const pool = createPool(url, { applicationName: 'rig-bench', schema: 'conductor', max: 1 });
  try {
    await pool.query(
      `WITH made AS (
         SELECT 'bench-done-' || lpad(n::text, 5, '0') AS name, gen_random_uuid() AS claim, gen_random_uuid() AS subject
         FROM generate_series(0, $2::int - 1) n),
       claimed AS (
         INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt, ended_at, end_reason)
         SELECT claim, subject, 'work', 'dev-e', 'bench', 1, now(), 'Merged' FROM made)
       INSERT INTO tasks (namespace, name, subject, claim, lane, kind, agent_name, agent_uid, attempt, round, epoch, sequence,
                          deadline, dispatched_at, started_at, seen_at, ended_at, ending, reason, message)
       SELECT $1, name, subject, claim, 'work', 'implement', 'dev-e', 'bench', 1, 1, 1, 1,
              now(), now(), now(), now(), now(), 'succeeded', 'Delivered', 'Pushed to its pull request.' FROM made`,
      [namespace, count],
    );
  } finally {
    await pool.end();
  }
}

function taskOf(name: string, namespace: string): AgentTask & KubeObject {
  return {
    apiVersion,
    kind: 'AgentTask',
    metadata: { name, namespace },
    spec: {
      subject: { issueRef: { name: 'bench' } },
      agentRef: { name: 'dev-e' },
      kind: 'implement',
      attempt: 1,
      claim: { id: randomUUID(), epoch: 1, fence: 1 },
      branch: 'rig/bench/1',
      deadline: '2030-01-01T12:00:00Z',
      caps: { perTaskUSD: 2, perSessionUSD: 15 },
    },
  } as unknown as AgentTask & KubeObject;
}
