import { join } from 'node:path';
import type { Outcome } from '../outcome.ts';
import { RigProcess, withRig } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';

/** The sample from an empty data directory to a merged change, once a round. Returns the last directory with its measurements. */
export async function measureFreshStarts(
  options: ScenarioOptions,
): Promise<{ dataDir: string; measurements: Measurement[] }> {
  const up: number[] = [];
  const kubernetes: number[] = [];
  const merged: number[] = [];
  let dataDir = '';
  for (let round = 1; round <= options.rounds; round += 1) {
    dataDir = join(options.folder, `fresh-${round}`);
    const rig = new RigProcess(dataDir, ['--once']);
    try {
      const { seconds } = await rig.result<Outcome>(options.signal);
      if (seconds.filedToMerged === null) throw new Error('the sample was merged, but not when');
      up.push(seconds.up);
      kubernetes.push(rig.steps.get('kubernetes') ?? Number.NaN);
      merged.push(seconds.filedToMerged);
      const took = `up ${seconds.up} s, filed to merged ${seconds.filedToMerged} s`;
      options.say(`fresh ${round}/${options.rounds}: ${took}; longest pause ${rig.longestPause()}`);
    } finally {
      await rig.stop();
    }
  }
  return {
    dataDir,
    measurements: [
      { name: 'API server with every definition applied, new data directory', unit: 's', samples: kubernetes },
      { name: 'rig up, new data directory', unit: 's', samples: up, target: 10 },
      { name: 'issue filed → merged, by the replay', unit: 's', samples: merged, target: 30 },
    ],
  };
}

/** The whole command on a data directory that has been used before, from process start to a rig that is up. */
export async function measureWarmStarts(options: ScenarioOptions, dataDir: string): Promise<Measurement[]> {
  const up: number[] = [];
  const kubernetes: number[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    await withRig(dataDir, options.signal, async (rig, seconds) => {
      up.push(seconds);
      kubernetes.push(rig.steps.get('kubernetes') ?? Number.NaN);
      options.say(`warm ${round}/${options.rounds}: up ${seconds.toFixed(2)} s`);
    });
  }
  return [
    { name: 'API server with every definition applied, kept data directory', unit: 's', samples: kubernetes },
    { name: 'npm start → rig up, kept data directory', unit: 's', samples: up, target: 10 },
  ];
}
