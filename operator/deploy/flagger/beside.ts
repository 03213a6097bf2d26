import { known, type StageFacts } from '#domain';
import type { Deployer } from '../port.ts';

/** A deployer whose revisions go to everybody by a Canary: live is what both have the change in, and either can say that it failed. */
export function withCanary(deployer: Deployer, canary: Deployer): Deployer {
  return {
    async observe(delivery) {
      const [deployed, promoted] = await Promise.all([deployer.observe(delivery), canary.observe(delivery)]);
      if (!deployed.known) return deployed;
      if (!promoted.known) return promoted;
      const production = both(deployed.value.production, promoted.value.production);
      const observedAt = Math.min(deployed.observedAt, promoted.observedAt);
      return known({ staging: deployed.value.staging, production }, observedAt);
    },
  };
}

function both(deployed: StageFacts, promoted: StageFacts): StageFacts {
  const here = deployed.live?.contains === true;
  const { live } = promoted;
  return {
    environment: promoted.environment,
    // Not deployed, it is not live; what the Canary says then is of an older revision.
    live: live === null || (live.contains && !here) ? null : { ...live, url: deployed.live?.url ?? null },
    failed: promoted.failed ?? deployed.failed,
    says: here ? promoted.says : deployed.says,
  };
}
