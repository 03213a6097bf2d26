import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitOptions, git } from './git.ts';

/** A forge repository as the gateway reaches it. */
export interface Remote {
  readonly host: string;
  readonly id: number;
  readonly url: string;
  readonly authorization: NonNullable<GitOptions['authorization']>;
}

/** Bare copies of forge repositories: what a thin pack may refer to. Can be deleted at any time; it is filled again. */
export class GitCache {
  readonly #root: string;
  readonly #busy = new Map<string, Promise<unknown>>();

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
      await git(['fetch', '--quiet', '--no-tags', remote.url, ...refspecs], {
        cwd: path,
        authorization: remote.authorization,
      });
    }
    return new Map(wanted);
  }

  async #pathOf(remote: Remote): Promise<string> {
    const path = join(this.#root, encodeURIComponent(remote.host), `${remote.id}.git`);
    await mkdir(join(this.#root, encodeURIComponent(remote.host)), { recursive: true, mode: 0o700 });
    // Initialising again is harmless.
    await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.#root });
    return path;
  }
}
