import { testDatabase } from '../../kit/postgres.ts';
import type { Measurement, Scenario, ScenarioOptions } from '../scenario.ts';
import { measureAdmission } from '../trust/admission.ts';
import { measureApprovals } from '../trust/approvals.ts';
import { measureClassification } from '../trust/classification.ts';
import { measureLedger } from '../trust/ledger.ts';

const EVENTS = 100_000;
const FILES = 3_000;
const WARM = 10;
const TIMES = 20;

/** How long trust takes to tell. */
export const scenario: Scenario = {
  about:
    'A change of 3,000 files graded; the trust ledger over a log of 100,000 events; one Approval verified offline; a write asked about by the API server',
  async run(options) {
    options.note(classification(options));
    options.note(await measureProjection(options));
    options.note(await measureVerification(options));
    options.note(await measureWebhook(options));
  },
};

/** What the code needs to be warm is not measured: the conductor runs for weeks. */
function classification({ say }: ScenarioOptions): Measurement {
  const samples = measureClassification(FILES, WARM + TIMES).slice(WARM);
  say(`a change of ${FILES} files graded ${TIMES} times`);
  return { name: 'classification of a 3,000-file diff', unit: 'ms', samples, target: 50 };
}

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

const VERIFICATIONS = 200;

async function measureVerification({ rounds, say }: ScenarioOptions): Promise<Measurement> {
  const samples = await measureApprovals({ times: VERIFICATIONS * rounds });
  say(`approvals: ${samples.length} verified`);
  return {
    name: 'one Approval verified offline; a write asked about by the API server',
    unit: 'ms',
    samples,
    target: 15,
  };
}

const PER_SECOND = 50;
const SECONDS = 4;

async function measureWebhook({ rounds, say }: ScenarioOptions): Promise<Measurement> {
  const samples = await measureAdmission({ perSecond: PER_SECOND, seconds: SECONDS * rounds });
  say(`admission: ${samples.length} writes asked about, ${PER_SECOND} a second`);
  return { name: `admission webhook at ${PER_SECOND} requests a second`, unit: 'ms', samples, targetP99: 100 };
}
