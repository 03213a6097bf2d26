import { KubeClient, loadKubeConfig } from '#lib/kube';
import { CAPACITY_NEEDED, measureCapacity } from '../conductor/capacity.ts';
import { measureClaims } from '../conductor/claims.ts';
import { issuesNeeded, measureDispatch, measureFloor } from '../conductor/dispatch.ts';
import { measureGate } from '../conductor/gate.ts';
import { measureMerge } from '../conductor/merge.ts';
import { measureScale } from '../conductor/scale.ts';
import { adminURL, withSlowSyncs } from '../conductor/syncs.ts';
import { LABELS_NEEDED, measureWebhooks } from '../conductor/webhooks.ts';
import { ALL_IS_WORKED, type RigProcess, withRig } from '../rig.ts';
import type { Measurement, Scenario, ScenarioOptions } from '../scenario.ts';
import { openTenant } from '../tenant.ts';

const SLOWER_MS = 2;
const SLOWLY = `, ${SLOWER_MS} ms added to each sync`;

/** How soon the conductor acts on what it is told, with its log on disk before it acts. */
export const scenario: Scenario = {
  about:
    'Issue to Job, bursts, deliveries, merges, claims, 1,000 tasks at once and 10,000 Issues, also with slower syncs',
  run: (options) =>
    withRig(
      `${options.folder}/rig`,
      options.signal,
      async (rig) => {
        const client = new KubeClient(loadKubeConfig({ path: rig.layout.kubeconfig }));
        try {
          const { note } = options;
          note(await measureMerge(rig, options));
          const tenant = await openTenant(rig, client, options.signal);
          const each = issuesNeeded(options.rounds);
          const needed = 2 * each + 2 * LABELS_NEEDED + CAPACITY_NEEDED;
          options.say(`${needed} issues at the forge`);
          const numbers = await tenant.fileForgeIssues(needed);
          const take = (count: number) => numbers.splice(0, count);
          await tenant.replaceDeveloper();
          const floor = await measureFloor(client, tenant, options);
          const dispatch = await measureDispatch(client, tenant, take(each), options);
          note(...floor, ...dispatch, ratio(dispatch[0]!, floor[0]!), ratio(dispatch[1]!, floor[1]!));
          note(...(await measureWebhooks(rig, client, tenant, take(LABELS_NEEDED), options)));
          await withSlowSyncs(rig, SLOWER_MS, async () => {
            note(...(await measureDispatch(client, tenant, take(each), options, SLOWLY)));
            const webhooks = await measureWebhooks(rig, client, tenant, take(LABELS_NEEDED), options);
            note(...webhooks.map((one) => ({ ...one, name: `${one.name}${SLOWLY}` })));
          });
          note(measureGateOnce(options), ...(await measureClaiming(rig, options)));
          note(...(await measureCapacity(rig, client, tenant, take(CAPACITY_NEEDED), options)));
          // The last: what it files stays open.
          note(...(await measureScale(rig, client, tenant, options)));
        } finally {
          await client.close();
        }
      },
      ALL_IS_WORKED,
    ),
};

/** How many times as long as the floor of the same run: what can be compared between machines. */
function ratio(of: Measurement, floor: Measurement): Measurement {
  const middle = (samples: readonly number[]) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)]!;
  return { name: `${of.name}, ratio to the floor`, unit: '×', samples: [middle(of.samples) / middle(floor.samples)] };
}

/** The merge gate over its whole case table. */
function measureGateOnce({ say }: ScenarioOptions): Measurement {
  say('the merge gate');
  return { name: 'one decision of the merge gate', unit: 'ms', samples: measureGate(), targetP99: 1 };
}

/** 10,000 queued issues, claimed by 50 claimers of both kinds. */
async function measureClaiming(rig: RigProcess, { rounds, say, signal }: ScenarioOptions): Promise<Measurement[]> {
  const url = await adminURL(rig, 'rig');
  const run = async (name: string) => {
    const samples: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      samples.push(await measureClaims({ url, signal }));
      say(`claims a second ${round}/${rounds}: ${samples.at(-1)!.toFixed(0)}`);
    }
    return { name, unit: '/s' as const, samples, atLeast: 1_000 };
  };
  const name = 'claims, 50 claimers, 10,000 queued';
  return [await run(name), await withSlowSyncs(rig, SLOWER_MS, () => run(`${name}${SLOWLY}`))];
}
