import { testDatabase } from '../../kit/postgres.ts';
import type { Measurement, Scenario, ScenarioOptions } from '../scenario.ts';
import { measureLedger } from '../trust/ledger.ts';

const EVENTS = 100_000;

/** How long trust takes to tell. */
export const scenario: Scenario = {
  about: 'The trust ledger over a log of 100,000 events',
  run: async (options) => [await measureProjection(options)],
};

async function measureProjection({ rounds, say, signal }: ScenarioOptions): Promise<Measurement> {
  const ends: (() => Promise<void>)[] = [];
  const { url } = await testDatabase({ after: (end) => void ends.push(end) });
  try {
    const samples: number[] = [];
    for (let round = 1; round <= rounds && !signal.aborted; round += 1) {
      samples.push(await measureLedger({ url, events: EVENTS }));
      say(`ledger ${round}/${rounds}: ${samples.at(-1)!.toFixed(2)} s`);
    }
    return { name: 'trust ledger, projection of 100,000 events', unit: 's', samples, target: 5 };
  } finally {
    for (const end of ends) await end();
  }
}
