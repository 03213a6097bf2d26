import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './error.ts';
import { type GitOptions, git } from './git.ts';
import { removeLocks } from './locks.ts';

/** A forge repository as the gateway reaches it. */
export interface Remote {
  readonly host: string;
  readonly id: number;
  readonly url: string;
  readonly authorization: NonNullable<GitOptions['authorization']>;
}

/**
 * Bare copies of forge repositories: what a thin pack may refer to. `root` is this process's alone. It can be deleted while none runs; it is filled again.
 */
export class GitCache {
  readonly #root: string;
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #opened = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Brings the named branches up to date and answers their tips; a branch that does not exist is left out. One fetch of a repository at a time. */
  async refresh(remote: Remote, branches: readonly string[]): Promise<Map<string, string>> {
    const path = await this.#pathOf(remote);
    const turn = (this.#busy.get(path) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => this.#fetch(path, remote, branches));
    this.#busy.set(path, turn);
    return turn;
  }

  /** A repository of its own for one push, which sees the cache's objects and leaves nothing in it. `use` may run git there. */
  async quarantine<T>(remote: Remote, use: (path: string) => Promise<T>): Promise<T> {
    const cache = await this.#pathOf(remote);
    await mkdir(join(this.#root, 'quarantine'), { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(this.#root, 'quarantine', 'push-'));
    try {
      await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.#root });
      await writeFile(join(path, 'objects', 'info', 'alternates'), `${join(cache, 'objects')}\n`);
      return await use(path);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }

  async #fetch(path: string, remote: Remote, branches: readonly string[]): Promise<Map<string, string>> {
    const listed = await git(
      ['ls-remote', '--heads', remote.url, ...branches.map((branch) => `refs/heads/${branch}`)],
      { cwd: path, authorization: remote.authorization },
    );
    const tips = new Map(
      listed.split('\n').flatMap((line): [string, string][] => {
        const match = /^(?<sha>[0-9a-f]{40})\trefs\/heads\/(?<branch>.+)$/.exec(line);
        return match?.groups ? [[match.groups.branch!, match.groups.sha!]] : [];
      }),
    );
    const wanted = [...tips].filter(([branch]) => branches.includes(branch));
    if (wanted.length > 0) {
      const refspecs = wanted.map(([branch]) => `+refs/heads/${branch}:refs/heads/${branch}`);
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

  /** Where the copy is; made, and cleared of what a process before this one left locked, when it is asked for first. */
  async #pathOf(remote: Remote): Promise<string> {
    const path = join(this.#root, encodeURIComponent(remote.host), `${remote.id}.git`);
    const opened = this.#opened.get(path) ?? this.#open(path);
    this.#opened.set(path, opened);
    await opened.catch((error: unknown) => {
      this.#opened.delete(path);
      throw error;
    });
    return path;
  }

  async #open(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await removeLocks(path);
    // Initialising again is harmless.
    await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.#root });
  }
}
