import { known, unknown } from '#domain';
import type { Pool } from '#lib/db';
import type { Forges } from '../../forges/forges.ts';
import { deploymentsOf, noteDeployment } from '../../intake/deployments.ts';
import type { Ancestry } from '../ancestry.ts';
import type { Delivery, Deployer } from '../port.ts';
import { type Stage, stageOf } from './stage.ts';

/** A deployment may be told of before the merge is: what is this much older is looked at as well. */
const BEFORE_MS = 24 * 3_600_000;
/** How often the forge is asked for what no delivery told, for one environment. */
const LIST_EVERY_MS = 5 * 60_000;
const REMEMBERED = 10_000;

export interface DeploymentsOptions {
  readonly pool: Pool;
  readonly forges: Pick<Forges, 'forRepository'>;
  readonly ancestry: Ancestry;
  readonly now: () => number;
}

/** Kind `deployments`, and `cloudflare-pages`: whoever deploys tells the forge, by deployments and their statuses. */
export class ForgeDeployments implements Deployer {
  readonly #options: DeploymentsOptions;
  readonly #listedAt = new Map<string, number>();

  constructor(options: DeploymentsOptions) {
    this.#options = options;
  }

  async observe(delivery: Delivery): ReturnType<Deployer['observe']> {
    const { pool, ancestry, now } = this.#options;
    const { key, repository, mergeSHA, mergedAt } = delivery;
    const { environment = 'production', staging, reporter } = repository.spec.deploy.settings ?? {};
    const contains = ancestry.of(delivery);
    try {
      for (const one of [environment, ...(staging === undefined ? [] : [staging])]) await this.#list(delivery, one);
      const told = await deploymentsOf(pool, key, new Date(mergedAt - BEFORE_MS));
      const stage = (name: string): Stage => ({ environment: name, reporter, mergeSHA });
      return known(
        {
          staging: staging === undefined ? null : await stageOf(told, stage(staging), contains),
          production: await stageOf(told, stage(environment), contains),
        },
        now(),
      );
    } catch (error) {
      return unknown(`What is live in ${environment} could not be told: ${(error as Error).message}`);
    }
  }

  /** A lost delivery only delays. What the forge refuses to list is left to deliveries. */
  async #list({ repository, key }: Delivery, environment: string): Promise<void> {
    const { pool, forges, now } = this.#options;
    const id = `${key.host}/${key.id}/${environment}`;
    if (now() - (this.#listedAt.get(id) ?? 0) < LIST_EVERY_MS) return;
    if (this.#listedAt.size >= REMEMBERED) this.#listedAt.clear();
    this.#listedAt.set(id, now());
    const { owner, name } = repository.spec;
    const { forge } = await forges.forRepository(repository);
    const listed = await forge.deployments({ owner, name }, environment).catch(() => []);
    for (const facts of listed) await noteDeployment(pool, key, facts);
  }
}
