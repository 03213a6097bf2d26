import { KubeClient, loadKubeConfig } from '#lib/kube';
import { issuesNeeded, measureDispatch, measureFloor } from '../conductor/dispatch.ts';
import { measureScale } from '../conductor/scale.ts';
import { withSlowSyncs } from '../conductor/syncs.ts';
import { LABELS_NEEDED, measureWebhooks } from '../conductor/webhooks.ts';
import { withRig } from '../rig.ts';
import type { Measurement, Scenario } from '../scenario.ts';
import { openTenant } from '../tenant.ts';

const SLOWER_MS = 2;
const SLOWLY = `, ${SLOWER_MS} ms added to each sync`;

/** How soon the conductor acts on what it is told, with its log on disk before it acts. */
export const scenario: Scenario = {
  about: 'Issue to Job, bursts, deliveries, and 10,000 open Issues, also with slower syncs of PostgreSQL',
  run: (options) =>
    withRig(`${options.folder}/rig`, options.signal, async (rig) => {
      const client = new KubeClient(loadKubeConfig({ path: rig.layout.kubeconfig }));
      try {
        const tenant = await openTenant(rig, client, options.signal);
        const each = issuesNeeded(options.rounds);
        options.say(`${2 * each + 2 * LABELS_NEEDED} issues at the forge`);
        const numbers = await tenant.fileForgeIssues(2 * each + 2 * LABELS_NEEDED);
        const take = (count: number) => numbers.splice(0, count);
        await tenant.replaceDeveloper();
        const floor = await measureFloor(client, tenant, options);
        const dispatch = await measureDispatch(client, tenant, take(each), options);
        const webhooks = await measureWebhooks(rig, client, tenant, take(LABELS_NEEDED), options);
        const slowly = await withSlowSyncs(rig, SLOWER_MS, async () => [
          ...(await measureDispatch(client, tenant, take(each), options, SLOWLY)),
          ...(await measureWebhooks(rig, client, tenant, take(LABELS_NEEDED), options)).map((one) => ({
            ...one,
            name: `${one.name}${SLOWLY}`,
          })),
        ]);
        const ratios = [ratio(dispatch[0]!, floor[0]!), ratio(dispatch[1]!, floor[1]!)];
        return [
          ...floor,
          ...dispatch,
          ...ratios,
          ...webhooks,
          ...slowly,
          ...(await measureScale(rig, client, tenant, options)),
        ];
      } finally {
        await client.close();
      }
    }),
};

/** How many times as long as the floor of the same run: what can be compared between machines. */
function ratio(of: Measurement, floor: Measurement): Measurement {
  const middle = (samples: readonly number[]) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)]!;
  return { name: `${of.name}, ratio to the floor`, unit: '×', samples: [middle(of.samples) / middle(floor.samples)] };
}
