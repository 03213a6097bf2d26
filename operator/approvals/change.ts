import type { Repository } from '#crds';
import { ApprovalError, type ApprovedChange, approvedChange, manifestPaths } from '#domain';
import { gitIn, readChange } from '#lib/change';
import { type GitCache, GitError, type LineageAnswer, type LineageQuestion, type Remote } from '#lib/git';
import { Retry } from '#lib/kube';
import { readDocuments } from '#lib/yaml';
import type { Forges } from '../forges/forges.ts';
import { remoteOf } from '../gateway/remote.ts';
import { repositoryKey } from '../issues/world.ts';
import { sha256 } from './hash.ts';

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
  readonly #lineages = new Map<string, LineageAnswer>();

  constructor(forges: Pick<Forges, 'forRepository'>, cache: GitCache) {
    this.#forges = forges;
    this.#cache = cache;
  }

  /**
   * Where the change starts, every path in it, a renamed file's two among them, and what it consents to. Throws Retry where git does not show that
   * head or does not answer, and ApprovalError where the change cannot be read whole: then nobody approves it, however often they ask.
   */
  async of(repository: Repository, head: Head): Promise<ApprovedChange> {
    const remote = await this.#remote(repository);
    const { defaultBranch } = repository.spec;
    const tips = await this.#cache.refresh(remote, [defaultBranch, head.branch]).catch(unread);
    const base = tips.get(defaultBranch);
    if (base === undefined || tips.get(head.branch) !== head.sha) {
      throw new Retry('HeadMoved', `git does not show ${head.sha} at the tip of ${head.branch}.`);
    }
    const name = JSON.stringify([remote.host, remote.id, head.number, head.sha, base]);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const change = await this.#cache.quarantine(remote, (cwd) => read(cwd, base, head)).catch(unread);
    keep(this.#known, name, change);
    return change;
  }

  /** What builds on commits of a repository; git is asked once for each question. Throws Retry where it does not tell now. */
  async lineage(repository: Repository, asked: LineageQuestion): Promise<LineageAnswer> {
    const remote = await this.#remote(repository);
    const name = sha256(JSON.stringify([remote.host, remote.id, asked.own, asked.tips, asked.besides]));
    const known = this.#lineages.get(name);
    if (known !== undefined) return known;
    const lineage = await this.#cache.lineage(remote, asked).catch(unread);
    keep(this.#lineages, name, lineage);
    return lineage;
  }

  async #remote(repository: Repository): Promise<Remote> {
    const key = repositoryKey(repository);
    if (key === null) throw new Retry('RepositoryNotReady', 'The Repository is not known at its forge yet.');
    const { forge } = await this.#forges.forRepository(repository);
    return remoteOf(forge, key, repository);
  }
}

function keep<T>(known: Map<string, T>, name: string, value: T): void {
  known.set(name, value);
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
}

async function read(cwd: string, base: string, { number, sha }: Head): Promise<ApprovedChange> {
  const change = await readChange(gitIn(cwd), { base, head: sha });
  const [baseSHA] = change.mergeBases;
  if (!change.complete || baseSHA === undefined)
    throw new ApprovalError(
      'Unreadable',
      `The change cannot be read whole, so nobody can approve it: ${change.why ?? 'it has nothing in common with its base.'}`,
    );
  const { files } = await change.withContent(manifestPaths(change.files));
  return approvedChange({ number, headSHA: sha, baseSHA, files }, { parse: readDocuments, sha256 });
}

function unread(error: unknown): never {
  if (error instanceof GitError) throw new Retry('FactUnknown', `The change cannot be read from git: ${error.message}`);
  throw error;
}
