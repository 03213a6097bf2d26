import { known, unknown } from '#domain';
import type { Pool } from '#lib/db';
import type { Forges } from '../../forges/forges.ts';
import { deploymentsOf, noteDeployment } from '../../intake/deployments.ts';
import { repositoryName } from '../../repositories/name.ts';
import type { Ancestry } from '../ancestry.ts';
import type { Delivery, Deployer } from '../port.ts';
import { type Stage, stageOf } from './stage.ts';

/** A deployment may be told of before the merge is: what is this much older is looked at as well. */
const BEFORE_MS = 24 * 3_600_000;
/** How often the forge is asked for what no delivery told, for one environment; and again after it did not answer. */
const LIST_EVERY_MS = 5 * 60_000;
const RETRY_MS = 30_000;
/** Without a list for this long, what was told may be of the past. */
const STALE_MS = 15 * 60_000;
const REMEMBERED = 10_000;

/** How the listing of one environment stands. */
interface Listed {
  readonly askedAt: number;
  /** When it was answered last, in ms; 0 for never. */
  readonly at: number;
  readonly error: Error | null;
}

export interface DeploymentsOptions {
  readonly pool: Pool;
  readonly forges: Pick<Forges, 'forRepository'>;
  readonly ancestry: Ancestry;
  readonly now: () => number;
}

/** Kind `deployments`, and `cloudflare-pages`: whoever deploys tells the forge, by deployments and their statuses. */
export class ForgeDeployments implements Deployer {
  readonly #options: DeploymentsOptions;
  readonly #listed = new Map<string, Listed>();

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

  /** A lost delivery only delays. Throws the forge's own error where it has not answered for so long that deliveries alone prove nothing. */
  async #list(delivery: Delivery, environment: string): Promise<void> {
    const { now } = this.#options;
    const id = `${delivery.key.host}/${delivery.key.id}/${environment}`;
    const before = this.#listed.get(id) ?? { askedAt: 0, at: 0, error: null };
    const due = before.askedAt + (before.error === null ? LIST_EVERY_MS : RETRY_MS);
    const listed = now() < due ? before : await this.#ask(delivery, environment, before);
    if (this.#listed.size >= REMEMBERED) this.#listed.clear();
    this.#listed.set(id, listed);
    if (listed.error !== null && now() - listed.at > STALE_MS) throw listed.error;
  }

  async #ask({ repository, key }: Delivery, environment: string, before: Listed): Promise<Listed> {
    const { pool, forges, now } = this.#options;
    const { owner, name } = repositoryName(repository);
    const askedAt = now();
    try {
      const { forge } = await forges.forRepository(repository);
      for (const facts of await forge.deployments({ owner, name }, environment)) await noteDeployment(pool, key, facts);
      return { askedAt, at: askedAt, error: null };
    } catch (error) {
      return { ...before, askedAt, error: error as Error };
    }
  }
}
