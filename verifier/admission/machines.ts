import type { Repository } from '#crds';
import { attestedText, type Identity, judgeAttestation, type MergeDocument } from '#domain';
import type { Forge } from '#lib/forge';
import type { Informer, KubeObject } from '#lib/kube';
import { type ConsentTrust, sha256 } from './consents.ts';

/** How long it is believed what was filed for a head, in ms. */
const FRESH_MS = 5_000;
const KEPT = 1_024;

/** Listed machines that signed for the head of an Approval; or why that cannot be told now. */
export type Vouching =
  | { readonly state: 'known'; readonly machines: readonly Identity[] }
  | { readonly state: 'unknown'; readonly why: string };

export interface MachineSources {
  readonly repositories: Pick<Informer<Repository & KubeObject>, 'list'>;
  readonly forges: {
    forRepository(
      repository: Repository,
    ): Promise<{ readonly forge: Pick<Forge, 'attestations'>; readonly host: string }>;
  };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Which listed machines signed for the head that a merge Approval is of, as the forge keeps their bundles: each is verified here, against the trusted root
 * and the lists of this moment. Whoever files others at the forge gains nothing.
 */
export class Machines {
  readonly #sources: MachineSources;
  readonly #filed = new Map<string, { readonly until: number; readonly bundles: Promise<readonly string[]> }>();

  constructor(sources: MachineSources) {
    this.#sources = sources;
  }

  /** Never rejects. */
  async of(merge: MergeDocument, trust: ConsentTrust): Promise<Vouching> {
    const { repositoryId } = merge.forge;
    const digest = sha256(attestedText({ repositoryId, headSHA: merge.pullRequest.headSHA }));
    try {
      const bundles = await this.#filedFor(merge, digest);
      const { machines, humans } = trust;
      const question = { digest, machines, humans, now: this.#sources.now() };
      const verdicts = bundles.map((bundle) => {
        const opened = trust.openText(bundle);
        return opened === null ? null : judgeAttestation(opened, question);
      });
      return { state: 'known', machines: verdicts.flatMap((one) => (one?.vouches ? [one.identity] : [])) };
    } catch (error) {
      return { state: 'unknown', why: error instanceof Error ? error.message : String(error) };
    }
  }

  #filedFor(merge: MergeDocument, digest: string): Promise<readonly string[]> {
    const key = `${merge.namespace} ${merge.forge.host} ${digest}`;
    const known = this.#filed.get(key);
    if (known !== undefined && this.#sources.now() < known.until) return known.bundles;
    const bundles = this.#ask(merge, digest);
    this.#filed.delete(key);
    this.#filed.set(key, { until: this.#sources.now() + FRESH_MS, bundles });
    bundles.catch(() => {
      if (this.#filed.get(key)?.bundles === bundles) this.#filed.delete(key);
    });
    const [oldest] = this.#filed.keys();
    if (this.#filed.size > KEPT && oldest !== undefined) this.#filed.delete(oldest);
    return bundles;
  }

  async #ask({ namespace, forge: { host, repositoryId } }: MergeDocument, digest: string): Promise<readonly string[]> {
    const { repositories, forges } = this.#sources;
    const repository = repositories.list(namespace).find(({ status }) => status?.forge?.repositoryID === repositoryId);
    if (repository === undefined)
      throw new Error(`There is no Repository in ${namespace} for repository ${repositoryId} of ${host} any more.`);
    const found = await forges.forRepository(repository);
    if (found.host !== host) throw new Error(`It was approved at ${host}, and the Repository is at ${found.host}.`);
    const { owner, name } = repository.spec;
    return found.forge.attestations({ owner, name }, digest);
  }
}
