import type { Repository } from '#crds';
import type { ApprovedChange } from '#domain';
import { Retry } from '#lib/kube';
import type { Forges } from '../forges/forges.ts';
import type { GitCache } from '../gateway/cache.ts';
import { git } from '../gateway/git.ts';
import { remoteOf } from '../gateway/remote.ts';
import { repositoryKey } from '../issues/world.ts';

/** More output than this is cut by whoever reads it: nobody can approve what they were shown in part. */
const MOST_BYTES = 1_000_000;
const KEPT = 256;

/** One head of a pull request, and the branch that it goes to. */
export interface Head {
  readonly number: number;
  readonly branch: string;
  readonly sha: string;
}

/** Reads what a pull request changes from git itself, each head once for each tip of its base. */
export class Changes {
  readonly #forges: Pick<Forges, 'forRepository'>;
  readonly #cache: GitCache;
  readonly #known = new Map<string, ApprovedChange>();

  constructor(forges: Pick<Forges, 'forRepository'>, cache: GitCache) {
    this.#forges = forges;
    this.#cache = cache;
  }

  /**
   * Where the change starts and every path in it, a renamed file's two among them. Throws Retry where git does not show that
   * head, or a path is no text: what cannot be read whole is approved by nobody.
   */
  async of(repository: Repository, head: Head): Promise<ApprovedChange> {
    const key = repositoryKey(repository);
    if (key === null) throw new Retry('RepositoryNotReady', 'The Repository is not known at its forge yet.');
    const { forge } = await this.#forges.forRepository(repository);
    const remote = await remoteOf(forge, key, repository);
    const { defaultBranch } = repository.spec;
    const tips = await this.#cache.refresh(remote, [defaultBranch, head.branch]);
    const base = tips.get(defaultBranch);
    if (base === undefined || tips.get(head.branch) !== head.sha) {
      throw new Retry('HeadMoved', `git does not show ${head.sha} at the tip of ${head.branch}.`);
    }
    const name = JSON.stringify([key.host, key.id, head.number, head.sha, base]);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const change = await this.#cache.quarantine(remote, (cwd) => read(cwd, base, head));
    this.#known.set(name, change);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return change;
  }
}

async function read(cwd: string, base: string, { number, sha }: Head): Promise<ApprovedChange> {
  const baseSHA = (await git(['merge-base', base, sha], { cwd })).trim();
  const listed = await git(['diff-tree', '-r', '-z', '--no-renames', '--name-only', baseSHA, sha], { cwd });
  if (Buffer.byteLength(listed) >= MOST_BYTES || listed.includes('\ufffd')) {
    throw new Retry('FactUnknown', 'The paths of the change cannot be read whole, so nobody can approve it.');
  }
  return { number, headSHA: sha, baseSHA, paths: listed.split('\0').filter(Boolean), manifests: [] };
}
