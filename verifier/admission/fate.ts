import type { Repository } from '#crds';
import { APPROVAL_CHECK } from '#domain';
import type { Forge } from '#lib/forge';
import type { Informer, KubeObject } from '#lib/kube';
import type { ApprovedPull } from '../approvals/kept-consents.ts';
import type { Fate } from './consents.ts';

/** How long it is believed that a pull request stands where it stood; that it was merged is believed for good. */
const OPEN_MS = 5_000;
const KEPT = 4_096;

export interface FateSources {
  readonly repositories: Pick<Informer<Repository & KubeObject>, 'list'>;
  /** The verifier's own way to the forge of a Repository: nobody else's word counts for what was merged. */
  readonly forges: {
    forRepository(
      repository: Repository,
    ): Promise<{ readonly forge: Pick<Forge, 'pullRequest' | 'ownCheck'>; readonly host: string }>;
  };
  readonly now: () => number;
}

/** Asks the forge what became of the change that a merge Approval is for. Never rejects: what cannot be told is `unknown`. */
export class Fates {
  readonly #sources: FateSources;
  readonly #known = new Map<string, { readonly until: number; readonly fate: Promise<Fate> }>();

  constructor(sources: FateSources) {
    this.#sources = sources;
  }

  of(approved: ApprovedPull): Promise<Fate> {
    const { namespace, forge, pullRequest } = approved;
    const key = `${namespace} ${forge.host}/${forge.repositoryId}#${pullRequest.number}`;
    const known = this.#known.get(key);
    if (known !== undefined && this.#sources.now() < known.until) return known.fate;
    const fate = this.#ask(approved).catch(
      (error: unknown): Fate => ({ state: 'unknown', why: error instanceof Error ? error.message : String(error) }),
    );
    this.#keep(key, fate, OPEN_MS);
    fate.then(({ state }) => {
      if (state === 'merged') this.#keep(key, fate, Number.POSITIVE_INFINITY);
      if (state === 'unknown') this.#known.delete(key);
    });
    return fate;
  }

  async #ask({ namespace, forge: { host, repositoryId }, pullRequest: { number } }: ApprovedPull): Promise<Fate> {
    const repository = this.#sources.repositories
      .list(namespace)
      .find(({ status }) => status?.forge?.repositoryID === repositoryId);
    if (repository === undefined) {
      return {
        state: 'unknown',
        why: `There is no Repository in ${namespace} for repository ${repositoryId} of ${host} any more.`,
      };
    }
    const found = await this.#sources.forges.forRepository(repository);
    if (found.host !== host)
      return { state: 'unknown', why: `It was approved at ${host}, and the Repository is at ${found.host}.` };
    const { owner, name } = repository.spec;
    const pull = await found.forge.pullRequest({ owner, name }, number);
    // Which Repository is of which repository is the conductor's word until the forge says it.
    if (pull.base.repositoryId !== repositoryId)
      return { state: 'unknown', why: `${owner}/${name} of ${host} is not the repository whose change was approved.` };
    const where = { headSHA: pull.head.sha, baseRef: pull.base.ref };
    if (pull.state === 'closed') return { state: 'closed' };
    if (pull.state === 'open') {
      const check = await found.forge.ownCheck({ owner, name }, where.headSHA, APPROVAL_CHECK);
      return { state: 'open', ...where, passes: check?.conclusion === 'success' };
    }
    const at = Date.parse(pull.mergedAt ?? '');
    if (Number.isNaN(at))
      return { state: 'unknown', why: `The forge does not say when pull request ${number} was merged.` };
    return { state: 'merged', ...where, at };
  }

  #keep(key: string, fate: Promise<Fate>, forMs: number): void {
    this.#known.delete(key);
    this.#known.set(key, { until: this.#sources.now() + forMs, fate });
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
  }
}
