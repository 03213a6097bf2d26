import type { Repository } from '#crds';
import type { DeliveryFacts, Fact } from '#domain';
import type { RepositoryKey } from '../mirror/mirror.ts';

/** A merged change whose delivery is watched. */
export interface Delivery {
  readonly repository: Repository;
  readonly key: RepositoryKey;
  readonly mergeSHA: string;
  /** When it was merged, in ms. */
  readonly mergedAt: number;
}

/**
 * One system that deploys, as far as the conductor looks at it. `observe` answers what is live now, in each environment that the
 * Repository names; what cannot be told, or may be wrong, is unknown with the reason. It never throws and changes nothing.
 */
export interface Deployer {
  observe(delivery: Delivery): Promise<Fact<DeliveryFacts>>;
}

/** Whether a revision has the merged change in it. Throws where that cannot be told. */
export type Contains = (revision: string) => Promise<boolean>;
