import { setTimeout as delay } from 'node:timers/promises';
import { requireUp } from '#lib/datadir';
import { familyOf, processes, pssMiB, rssMiB } from '../memory.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';

const LOOKS = 10;
const EVERY_MS = 1_000;

/** Memory of every process of a rig that has nothing to do, looked at once a second for ten seconds. */
export async function measureIdleMemory(rig: RigProcess, { say, signal }: ScenarioOptions): Promise<Measurement[]> {
  say(`idle memory, ${LOOKS} looks`);
  const rss = new Map<string, number[]>();
  const put = (name: string, value: number) => rss.set(name, [...(rss.get(name) ?? []), value]);
  const shares: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    await delay(EVERY_MS, undefined, { signal });
    const families = familyOf(processes(), { pid: rig.pid, name: 'npm start' }, namesOf(rig));
    for (const [name, family] of families) put(name, rssMiB(family));
    const everything = [...families.values()].flat();
    put('whole rig', rssMiB(everything));
    const share = pssMiB(everything);
    if (share !== undefined) shares.push(share);
  }
  return [
    ...[...rss].map(([name, samples]) => ({
      name: `memory ${name}`,
      unit: 'MiB' as const,
      samples,
      ...(TARGETS[name] === undefined ? {} : { target: TARGETS[name] }),
    })),
    ...(shares.length === 0
      ? []
      : [{ name: 'memory whole rig, shared pages once', unit: 'MiB' as const, samples: shares }]),
  ];
}

const TARGETS: Record<string, number> = { operator: 150, 'whole rig': 1536 };

/** Names as `rig status` shows them, by process. */
function namesOf({ layout }: RigProcess): Map<number, string> {
  const { supervisor, processes: started } = requireUp(layout);
  const names = new Map(started.map(({ pid, name }) => [pid, name]));
  if (supervisor) names.set(supervisor.pid, 'supervisor');
  return names;
}
