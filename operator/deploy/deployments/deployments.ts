import { known, unknown } from '#domain';
import type { Pool } from '#lib/db';
import type { Forges } from '../../forges/forges.ts';
import { deploymentsOf, noteDeployment, spellingsOf } from '../../intake/deployments.ts';
import { repositoryName } from '../../repositories/name.ts';
import type { Ancestry } from '../ancestry.ts';
import type { Delivery, Deployer } from '../port.ts';
import { stageOf } from './stage.ts';

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

/** What is asked of one environment; `since` is before the change was merged. */
interface Wanted {
  readonly environment: string;
  readonly reporter: string | undefined;
  readonly since: Date;
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
  readonly #asking = new Map<string, Promise<void>>();

  constructor(options: DeploymentsOptions) {
    this.#options = options;
  }

  async observe(delivery: Delivery): ReturnType<Deployer['observe']> {
    const { pool, ancestry, now } = this.#options;
    const { key, repository, mergeSHA, mergedAt } = delivery;
    const { environment = 'production', staging, reporter } = repository.spec.deploy.settings ?? {};
    const contains = ancestry.of(delivery);
    try {
      const since = new Date(mergedAt - BEFORE_MS);
      const stage = async (name: string) => {
        await this.#list(delivery, { environment: name, reporter, since });
        const told = await deploymentsOf(pool, key, name, since);
        return stageOf(told, { environment: name, reporter, mergeSHA }, contains);
      };
      return known(
        { staging: staging === undefined ? null : await stage(staging), production: await stage(environment) },
        now(),
      );
    } catch (error) {
      return unknown(`What is live in ${environment} could not be told: ${(error as Error).message}`);
    }
  }

  /** A lost delivery only delays. Throws the forge's own error where it has not answered for so long that deliveries alone prove nothing. */
  async #list(delivery: Delivery, wanted: Wanted): Promise<void> {
    const { now } = this.#options;
    const id = `${delivery.key.host}/${delivery.key.id}/${wanted.environment}`;
    const before = this.#listed.get(id) ?? { askedAt: 0, at: 0, error: null };
    const due = before.askedAt + (before.error === null ? LIST_EVERY_MS : RETRY_MS);
    if (now() >= due) await this.#once(id, () => this.#ask(delivery, wanted, before));
    const { error, at } = this.#listed.get(id) ?? before;
    if (error !== null && now() - at > STALE_MS) throw error;
  }

  /** Many issues of a repository are due at once: they share one asking. */
  #once(id: string, ask: () => Promise<Listed>): Promise<void> {
    const asking = this.#asking.get(id);
    if (asking !== undefined) return asking;
    const asked = ask()
      .then((listed) => {
        if (this.#listed.size >= REMEMBERED) this.#listed.clear();
        this.#listed.set(id, listed);
      })
      .finally(() => this.#asking.delete(id));
    this.#asking.set(id, asked);
    return asked;
  }

  async #ask({ repository, key }: Delivery, { environment, ...more }: Wanted, before: Listed): Promise<Listed> {
    const { pool, forges, now } = this.#options;
    const repo = repositoryName(repository);
    const askedAt = now();
    try {
      const { forge } = await forges.forRepository(repository);
      const spelled = await spellingsOf(pool, key, environment);
      for (const name of new Set([...spelled, environment])) {
        const told = await forge.deployments(repo, name, more);
        for (const facts of told) await noteDeployment(pool, key, facts);
      }
      return { askedAt, at: askedAt, error: null };
    } catch (error) {
      return { ...before, askedAt, error: error as Error };
    }
  }
}
