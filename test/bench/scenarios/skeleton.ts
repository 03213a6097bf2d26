import { KubeClient, loadKubeConfig } from '#lib/kube';
import { ALL_IS_WORKED, withRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';
import { ISSUES_NEEDED, measureDispatch } from '../skeleton/dispatch.ts';
import { measureIdleMemory } from '../skeleton/idle.ts';
import { measureFreshStarts, measureWarmStarts } from '../skeleton/starts.ts';
import { openTenant } from '../tenant.ts';

/** A whole rig on this machine: how soon it is up, how soon an issue has its Job and its merge, and what it keeps in memory. */
export const scenario: Scenario = {
  about: 'start, Issue to Job, filed to merged, and idle memory of a whole rig on this machine',
  async run(options) {
    const fresh = await measureFreshStarts(options);
    options.note(...fresh.measurements);
    options.note(...(await measureWarmStarts(options, fresh.dataDir)));
    await withRig(
      fresh.dataDir,
      options.signal,
      async (rig) => {
        const client = new KubeClient(loadKubeConfig({ path: rig.layout.kubeconfig }));
        try {
          const tenant = await openTenant(rig, client, options.signal);
          // Filed before memory is measured: by then the conductor has taken their deliveries in.
          const numbers = await tenant.fileForgeIssues(ISSUES_NEEDED);
          options.note(...(await measureIdleMemory(rig, options)));
          await tenant.replaceDeveloper();
          options.note(...(await measureDispatch(client, tenant, numbers, options)));
        } finally {
          await client.close();
        }
      },
      ALL_IS_WORKED,
    );
  },
};
