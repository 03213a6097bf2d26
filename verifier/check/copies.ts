import { type Git, gitIn } from '#lib/change';
import type { Forge, RepositoryName } from '#lib/forge';
import {
  type BareCopies,
  type CopyOf,
  GitError,
  git,
  gitSays,
  hasWhole,
  type LineageAnswer,
  type LineageQuestion,
  type Origin,
  readLineage,
} from '#lib/git';

/** A repository at its forge, and with whose credential its git is read. */
export interface Source extends CopyOf {
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

/** Copies of the repositories whose pull requests are judged, filled with the commits that are asked for. */
export class Copies {
  readonly #copies: BareCopies;

  constructor(copies: BareCopies) {
    this.#copies = copies;
  }

  /**
   * Brings these commits into the copy, those that are there already without asking the forge, and runs `use` with git in it. A commit that the
   * forge does not show under its ref is not there afterwards, which {@link has} tells. One use of a repository at a time. Throws GitError.
   */
  with<T>(source: Source, wanted: readonly WantedCommit[], use: (git: Git, path: string) => Promise<T>): Promise<T> {
    return this.#copies.with(source, async (path) => {
      await this.#copies.asked(
        path,
        wanted.map(({ ref }) => keptAs(ref)),
      );
      await this.#fill(path, source, wanted);
      return use(gitIn(path), path);
    });
  }

  /** What builds on some commits, of which those are asked for by name that the copy does not have. Throws GitError. */
  lineage(source: Source, asked: LineageQuestion): Promise<LineageAnswer> {
    return this.#copies.with(source, async (path) => readLineage(path, asked, await originOf(source)));
  }

  async #fill(path: string, source: Source, wanted: readonly WantedCommit[]): Promise<void> {
    const missing: WantedCommit[] = [];
    for (const commit of wanted) if (!(await hasWhole(path, commit.sha))) missing.push(commit);
    for (let at = 0; at < missing.length; at += MOST_REFS)
      await this.#fetch(path, source, missing.slice(at, at + MOST_REFS));
  }

  /** All at once; where one of them is gone from the forge git fetches none, and they are asked for one by one. */
  async #fetch(path: string, source: Source, commits: readonly WantedCommit[]): Promise<void> {
    const { url, authorization } = await originOf(source);
    const fetch = (some: readonly WantedCommit[]) =>
      git(['fetch', '--quiet', '--no-tags', url, ...some.map(({ ref }) => `+${ref}:${keptAs(ref)}`)], {
        cwd: path,
        ...(authorization && { authorization }),
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

async function originOf({ forge, name }: Source): Promise<Origin> {
  const url = forge.cloneURL(name);
  return { url, authorization: { origin: new URL(url).origin, ...(await forge.gitAuthorization()) } };
}

/** Whether a copy has a commit. */
export function has(path: string, sha: string): Promise<boolean> {
  return holds(['cat-file', '-e', `${sha}^{commit}`], path);
}

async function holds(args: readonly string[], cwd: string): Promise<boolean> {
  try {
    return await gitSays(args, { cwd, bounded: true });
  } catch (error) {
    // What it says of an object that is not there at all is 128, not 1.
    if (error instanceof GitError && error.exitCode === 128) return false;
    throw error;
  }
}

/** Where a ref of the forge is kept: beside its branches, never as one of them. */
export function keptAs(ref: string): string {
  return `refs/verifier/${ref.replace(/^refs\//, '')}`;
}
