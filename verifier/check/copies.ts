import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, gitIn } from '#lib/change';
import type { Forge, RepositoryName } from '#lib/forge';
import { GitError, git, gitSays } from '#lib/git';

/** A repository at its forge, and with whose credential its git is read. */
export interface Source {
  readonly host: string;
  readonly id: number;
  readonly name: RepositoryName;
  readonly forge: Pick<Forge, 'cloneURL' | 'gitAuthorization'>;
}

/** A commit that is wanted, and the ref under which the forge has it. */
export interface WantedCommit {
  readonly sha: string;
  readonly ref: string;
}

const FETCH_MS = 120_000;
const MOST_REFS = 200;

/** Bare copies of the repositories whose pull requests are judged. Can be deleted at any time; they are filled again. */
export class Copies {
  readonly #root: string;
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Brings these commits into the copy, those that are there already without asking the forge, and runs `use` with git in it. A commit that the
   * forge does not show under its ref is not there afterwards, which {@link has} tells. One use of a repository at a time. Throws GitError.
   */
  async with<T>(
    source: Source,
    wanted: readonly WantedCommit[],
    use: (git: Git, path: string) => Promise<T>,
  ): Promise<T> {
    const path = join(this.#root, encodeURIComponent(source.host), `${source.id}.git`);
    const turn = (this.#busy.get(path) ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => {
        await this.#fill(path, source, wanted);
        return use(gitIn(path), path);
      });
    this.#busy.set(path, turn);
    try {
      return await turn;
    } finally {
      if (this.#busy.get(path) === turn) this.#busy.delete(path);
    }
  }

  async #fill(path: string, source: Source, wanted: readonly WantedCommit[]): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    // Initialising again is harmless.
    await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.#root });
    const missing: WantedCommit[] = [];
    for (const commit of wanted) if (!(await has(path, commit.sha))) missing.push(commit);
    for (let at = 0; at < missing.length; at += MOST_REFS)
      await this.#fetch(path, source, missing.slice(at, at + MOST_REFS));
  }

  /** All at once; where one of them is gone from the forge git fetches none, and they are asked for one by one. */
  async #fetch(path: string, source: Source, commits: readonly WantedCommit[]): Promise<void> {
    const url = source.forge.cloneURL(source.name);
    const authorization = { origin: new URL(url).origin, ...(await source.forge.gitAuthorization()) };
    const fetch = (some: readonly WantedCommit[]) =>
      git(['fetch', '--quiet', '--no-tags', url, ...some.map(({ ref }) => `+${ref}:${kept(ref)}`)], {
        cwd: path,
        authorization,
        timeoutMs: FETCH_MS,
        bounded: true,
      });
    try {
      await fetch(commits);
    } catch (error) {
      if (!(error instanceof GitError) || commits.length === 1) throw error;
      for (const commit of commits)
        await fetch([commit]).catch((cause: unknown) => {
          if (!(cause instanceof GitError) || !/couldn't find remote ref/.test(cause.output)) throw cause;
        });
    }
  }
}

/** Whether a copy has a commit. */
export function has(path: string, sha: string): Promise<boolean> {
  return gitSays(['cat-file', '-e', `${sha}^{commit}`], { cwd: path, bounded: true }).catch((error: unknown) => {
    // What it says of an object that is not there at all is 128, not 1.
    if (error instanceof GitError && error.exitCode === 128) return false;
    throw error;
  });
}

/** Where a ref of the forge is kept: beside its branches, never as one of them. */
function kept(ref: string): string {
  return `refs/verifier/${ref.replace(/^refs\//, '')}`;
}
