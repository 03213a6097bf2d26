import type { BareCopies, CopyOf } from './copies.ts';
import { GitError } from './error.ts';
import { type GitOptions, git } from './git.ts';
import { type LineageAnswer, type LineageQuestion, readLineage } from './lineage.ts';
import { removeLocks } from './locks.ts';
import { hasWhole } from './tending.ts';

/** A forge repository as the gateway reaches it. */
export interface Remote extends CopyOf {
  readonly url: string;
  readonly authorization: NonNullable<GitOptions['authorization']>;
}

/** How git tells that a forge has not what was asked for by its name, or lets nobody ask for it. */
const NOT_GIVEN = /not our ref|unadvertised object|remote ref [0-9a-f]{40}/;

/** What a thin pack may refer to, and what changes are read from: branches as the forge has them. */
export class GitCache {
  readonly #copies: BareCopies;

  constructor(copies: BareCopies) {
    this.#copies = copies;
  }

  /** Brings the named branches up to date and answers their tips; a branch that does not exist is left out. One fetch of a repository at a time. */
  async refresh(remote: Remote, branches: readonly string[]): Promise<Map<string, string>> {
    return this.#copies.with(remote, async (path) => {
      const tips = await this.#fetch(path, remote, branches);
      await this.#copies.asked(path, [...tips.keys()].map(refOf));
      return tips;
    });
  }

  /**
   * Whether the copy has a commit and all that it leads to; one that no branch leads to is asked for by its name. False where the forge gives it to nobody
   * any more. Throws GitError where that cannot be told.
   */
  async bring(remote: Remote, sha: string): Promise<boolean> {
    return this.#copies.with(remote, async (path) => {
      if (await hasWhole(path, sha)) return true;
      const { url, authorization } = remote;
      try {
        await git(['fetch', '--quiet', '--no-tags', url, sha], { cwd: path, authorization });
        return true;
      } catch (error) {
        if (error instanceof GitError && NOT_GIVEN.test(error.output)) return false;
        throw error;
      }
    });
  }

  /** What builds on some commits, of which those are asked for by name that the copy does not have. Throws GitError. */
  lineage(remote: Remote, asked: LineageQuestion): Promise<LineageAnswer> {
    return this.#copies.with(remote, (path) => readLineage(path, asked, remote));
  }

  /** A repository of its own for one push, which sees the cache's objects and leaves nothing in it. `use` may run git there. */
  quarantine<T>(remote: CopyOf, use: (path: string) => Promise<T>): Promise<T> {
    return this.#copies.quarantine(remote, use);
  }

  async #fetch(path: string, remote: Remote, branches: readonly string[]): Promise<Map<string, string>> {
    const listed = await git(['ls-remote', '--heads', remote.url, ...branches.map(refOf)], {
      cwd: path,
      authorization: remote.authorization,
    });
    const tips = new Map(
      listed.split('\n').flatMap((line): [string, string][] => {
        const match = /^(?<sha>[0-9a-f]{40})\trefs\/heads\/(?<branch>.+)$/.exec(line);
        return match?.groups ? [[match.groups.branch!, match.groups.sha!]] : [];
      }),
    );
    const wanted = [...tips].filter(([branch]) => branches.includes(branch));
    if (wanted.length > 0) {
      const refspecs = wanted.map(([branch]) => `+${refOf(branch)}:${refOf(branch)}`);
      const fetch = () =>
        git(['fetch', '--quiet', '--no-tags', remote.url, ...refspecs], {
          cwd: path,
          authorization: remote.authorization,
        });
      await fetch().catch(async (error: unknown) => {
        // A git that was killed leaves its locks, and each later one stops at them. Nothing runs in here now: whose they were is gone.
        if (!(error instanceof GitError) || (await removeLocks(path)) === 0) throw error;
        await fetch();
      });
    }
    return new Map(wanted);
  }
}

function refOf(branch: string): string {
  return `refs/heads/${branch}`;
}
