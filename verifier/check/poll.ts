import type { Repository } from '#crds';
import {
  type Forge,
  ForgeError,
  type Listing,
  type PullRequestSummary,
  type RepositoryFacts,
  type RepositoryName,
} from '#lib/forge';
import { Retry } from '#lib/kube';

/** A repository as its forge shows it now. */
export interface Polled {
  readonly id: number;
  readonly name: RepositoryName;
  /** Tip of the Repository's default branch; null where the forge shows no such branch. */
  readonly base: string | null;
  /** Open pull requests. */
  readonly pulls: readonly PullRequestSummary[];
}

interface Kept<T> {
  readonly value: T;
  readonly etag: string | undefined;
}

interface Known {
  readonly repository?: Kept<RepositoryFacts>;
  readonly base?: Kept<string | null>;
  readonly pulls?: Kept<readonly PullRequestSummary[]>;
}

type PollForge = Pick<Forge, 'repository' | 'repositoryIfChanged' | 'branchIfChanged' | 'listPullRequests'>;

/** Reads what moves at a forge: three requests a look, which cost nothing while nothing has moved. */
export class Polls {
  readonly #known = new Map<string, Known>();

  /** Throws ForgeError, and Retry where the forge does not show everything: what is not seen cannot be judged. */
  async of(key: string, { spec }: Repository, forge: PollForge): Promise<Polled> {
    const before = this.#known.get(key) ?? {};
    const repository = await repositoryOf(spec, forge, before.repository);
    const { id, owner, name } = repository.value;
    const same = before.repository?.value.id === id ? before : {};
    const base = await baseOf({ owner, name }, spec.defaultBranch, forge, same.base);
    const pulls = await pullsOf({ owner, name }, forge, same.pulls);
    this.#known.set(key, { repository, base, pulls });
    return { id, name: { owner, name }, base: base.value, pulls: pulls.value };
  }

  /** The number of what a Repository was last seen to stand for; undefined where it was not looked at. */
  idOf(key: string): number | undefined {
    return this.#known.get(key)?.repository?.value.id;
  }

  /** What is known of a Repository is read again whole. */
  forget(key: string): void {
    this.#known.delete(key);
  }
}

async function repositoryOf(
  spec: Repository['spec'],
  forge: PollForge,
  before: Kept<RepositoryFacts> | undefined,
): Promise<Kept<RepositoryFacts>> {
  const named = async () => ({ value: await forge.repository(spec), etag: undefined });
  if (before === undefined) return named();
  const now = await forge.repositoryIfChanged(before.value.id, before.etag).catch((error: unknown) => {
    if (error instanceof ForgeError && error.code === 'NotFound') return null;
    throw error;
  });
  // It was deleted: by its name there may be another one. So there may where it has been given another name.
  if (now === null) return named();
  const found = now.notModified ? before : { value: now.value, etag: now.etag ?? undefined };
  return isNamed(found.value, spec) ? found : named();
}

function isNamed(repository: RepositoryName, { owner, name }: RepositoryName): boolean {
  return `${repository.owner}/${repository.name}`.toLowerCase() === `${owner}/${name}`.toLowerCase();
}

async function baseOf(
  name: RepositoryName,
  branch: string,
  forge: PollForge,
  before: Kept<string | null> | undefined,
): Promise<Kept<string | null>> {
  const now = await forge.branchIfChanged(name, branch, before?.etag);
  return now.notModified && before?.etag !== undefined ? before : read(now);
}

async function pullsOf(
  name: RepositoryName,
  forge: PollForge,
  before: Kept<readonly PullRequestSummary[]> | undefined,
): Promise<Kept<readonly PullRequestSummary[]>> {
  const now = await forge.listPullRequests(name, {
    state: 'open',
    ...(before?.etag === undefined ? {} : { etag: before.etag }),
  });
  if (now.notModified && before?.etag !== undefined) return before;
  const { items, complete, etag: told } = listed(now);
  if (!complete) throw new Retry('FactUnknown', 'There are more open pull requests than can be listed.');
  // The etag is that of the first page: further ones may change without it.
  const etag = items.length < PAGE ? (told ?? undefined) : undefined;
  return { value: items, etag };
}

const PAGE = 100;

function read<T>(answer: { notModified: true } | { notModified: false; value: T; etag: string | null }): Kept<T> {
  if (answer.notModified) throw unasked();
  return { value: answer.value, etag: answer.etag ?? undefined };
}

function listed<T>(answer: Listing<T>): Extract<Listing<T>, { notModified: false }> {
  if (answer.notModified) throw unasked();
  return answer;
}

function unasked(): Retry {
  return new Retry('FactUnknown', 'The forge says that nothing changed since a moment that nobody asked about.');
}
