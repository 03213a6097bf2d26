import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Repository, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import type { RigProcess } from '../rig.ts';

const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
const LOOK_MS = 10;

/**
 * Ends the operator by SIGTERM and, while it is away, edits what it will have to look at. Resolves to the ms from the start of
 * the next process until `seen`, which is asked again and again, first says true.
 */
export async function restartUntil(
  rig: RigProcess,
  edit: () => Promise<void>,
  seen: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<number> {
  const old = operatorPid(rig);
  process.kill(old, 'SIGTERM');
  while (isAlive(old)) await delay(LOOK_MS, undefined, { signal });
  await edit();
  while (!(await seen())) await delay(LOOK_MS, undefined, { signal });
  const seenAt = Date.now();
  return seenAt - startedAt(operatorPid(rig));
}

/** To the first reconcile: that of a Repository edited while no operator ran. */
export async function restartToFirstReconcile(
  rig: RigProcess,
  client: KubeClient,
  round: number,
  signal: AbortSignal,
): Promise<number> {
  const { namespace, repository: name } = requireUp(rig.layout).tenant;
  let generation = 0;
  return restartUntil(
    rig,
    async () => {
      const edited = await client.patch(
        REPOSITORIES,
        { namespace, name },
        { spec: { blockLabels: [`bench-${round}`] } },
      );
      generation = edited.metadata.generation ?? 0;
    },
    async () => (await client.get(REPOSITORIES, { namespace, name })).status?.observedGeneration === generation,
    signal,
  );
}

export function operatorPid(rig: RigProcess): number {
  const found = requireUp(rig.layout).processes.find(({ name }) => name === 'operator');
  if (found === undefined) throw new Error('the operator does not run');
  return found.pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** When a process started, in ms since the epoch; exact to the kernel's tick of 10 ms. */
function startedAt(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))![1]) * 1_000;
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
  // btime is cut to seconds; the uptime tells the boot exactly.
  const boot = Math.abs(Date.now() - uptimeMs - bootedAt) < 2_000 ? Date.now() - uptimeMs : bootedAt;
  return boot + Number(fields[19]) * 10;
}
