import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireUp } from '#lib/datadir';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';

interface Weighed {
  readonly count: number;
  readonly coldMs: number;
  readonly before: number;
  readonly after: number;
  readonly json: number;
}

/** What a cache of the AgentTasks that are there costs, each time in a process of its own with the operator's flags. */
export async function measureReflector(
  rig: RigProcess,
  { rounds, say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  const { namespace } = requireUp(rig.layout).tenant;
  const cold: number[] = [];
  const above: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--max-semi-space-size=2', join(import.meta.dirname, 'reflector-main.ts'), rig.layout.kubeconfig, namespace],
      { signal },
    );
    const { count, coldMs, before, after, json } = JSON.parse(stdout) as Weighed;
    cold.push(coldMs / 1_000);
    above.push((after - before - json) / count / 1_024);
    say(
      `cache ${round}/${rounds}: ${count} objects of ${(json / count / 1_024).toFixed(1)} KiB in ${coldMs.toFixed(0)} ms`,
    );
  }
  return [
    { name: 'cache of the AgentTasks, cold', unit: 's', samples: cold, target: 5 },
    { name: 'memory an object above its JSON', unit: 'KiB', samples: above, target: 6 },
  ];
}
