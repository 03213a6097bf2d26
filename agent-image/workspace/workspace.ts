import { join } from 'node:path';
import { GitFailure, type GitOptions, type GitResult, runGit } from './git.ts';
import type { WorkspaceOptions } from './open.ts';
import { patiently } from './patience.ts';
import { refusedPush } from './refused.ts';

export interface Commit {
  readonly sha: string;
  /** Changed files of it, as `git diff --stat` tells. */
  readonly stat: string;
}

interface Folders {
  readonly origin: string;
  readonly tree: string;
  readonly home: string;
  readonly tmp: string;
}

/** The task's repository on this machine. Its calls are git's; none of them runs a hook or asks a person. */
export class Workspace {
  readonly folders: Folders;
  readonly baseSHA: string;
  readonly startSHA: string;
  readonly signal: AbortSignal;
  readonly #options: WorkspaceOptions;

  constructor(options: WorkspaceOptions, folders: Folders, startSHA: string) {
    this.#options = options;
    this.folders = folders;
    this.baseSHA = options.baseSHA;
    this.startSHA = startSHA;
    this.signal = options.signal;
  }

  get tree(): string {
    return this.folders.tree;
  }

  /** Git in the worktree, without credentials. */
  git(args: readonly string[], more: Partial<GitOptions> = {}): Promise<GitResult> {
    return runGit(args, { cwd: this.tree, signal: this.signal, ...more });
  }

  /** Git in the runtime's own repository with the gateway's credentials: for what talks to the network. A gateway that is away is waited for. */
  remote(args: readonly string[]): Promise<GitResult> {
    const { gateway } = this.#options;
    const once = () =>
      runGit(args, {
        cwd: this.folders.origin,
        signal: this.signal,
        config: {
          // For this origin alone: a rewritten URL must not carry the token somewhere else.
          [`http.${new URL(gateway.url).origin}/.extraHeader`]: `Authorization: Bearer ${gateway.token()}`,
          [`http.${new URL(gateway.url).origin}/.proxy`]: '',
          'http.followRedirects': 'false',
        },
      });
    return patiently(once, { signal: this.signal });
  }

  /** A file as it is in the base commit; undefined where there is none. */
  async readAtBase(path: string): Promise<string | undefined> {
    const listed = await runGit(['ls-tree', this.baseSHA, '--', path], {
      cwd: this.folders.origin,
      signal: this.signal,
    });
    if (!/^100(644|755) blob /.test(listed.stdout)) return undefined;
    return (await this.remote(['show', `${this.baseSHA}:${path}`])).stdout;
  }

  /** A name of the worktree's whole content, committed or not, ignored files left out. Equal content, equal name. */
  async contentDigest(): Promise<string> {
    const env = { GIT_INDEX_FILE: join(this.folders.tmp, 'digest.index') };
    await this.git(['add', '--all'], { env });
    return (await this.git(['write-tree'], { env })).stdout.trim();
  }

  /** Everything the branch changes against where it left the base, as a unified diff. */
  async diff(): Promise<string> {
    const fork =
      (await this.git(['merge-base', 'refs/rig/base', 'HEAD'], { accept: [1] })).stdout.trim() || this.baseSHA;
    return (await this.git(['diff', '--no-color', '--no-ext-diff', '--no-textconv', '-M', fork])).stdout;
  }

  async head(): Promise<string> {
    return (await this.git(['rev-parse', 'HEAD'])).stdout.trim();
  }

  /** Starts a merge of the base into the branch; conflicts stay in the files as marks. Returns the paths in conflict. */
  async mergeBase(): Promise<string[]> {
    const merged = await this.git(['merge', '--no-ff', '--no-commit', '--quiet', 'refs/rig/base'], {
      accept: [1],
      env: this.#identity(),
    });
    if (merged.exitCode === 0) return [];
    return (await this.git(['diff', '--name-only', '--diff-filter=U', '-z'])).stdout.split('\0').filter(Boolean);
  }

  /** Commits all that changed, with the task's trailer. Returns undefined where nothing changed. */
  async commit(message: string): Promise<Commit | undefined> {
    await this.git(['add', '--all']);
    const staged = await this.git(['diff', '--cached', '--quiet'], { accept: [1] });
    const merging = await this.git(['rev-parse', '--quiet', '--verify', 'MERGE_HEAD'], { accept: [1, 128] });
    if (staged.exitCode === 0 && merging.exitCode !== 0) return undefined;
    const args = ['commit', '--quiet', '--no-verify', '--cleanup=verbatim', '--file=-'];
    await this.git(args, { input: `${message.trim()}\n\nRig-Task: ${this.#options.task}\n`, env: this.#identity() });
    return { sha: await this.head(), stat: (await this.git(['show', '--stat', '--format=', 'HEAD'])).stdout.trim() };
  }

  /** Takes back the newest commit and keeps its content in the files; a merge stays, since its parents would be lost. */
  async uncommit(commit: Commit): Promise<void> {
    const parents =
      (await this.git(['rev-list', '--parents', '-n', '1', commit.sha])).stdout.trim().split(' ').length - 1;
    if (parents === 1) await this.git(['reset', '--soft', `${commit.sha}^`]);
  }

  /** Paths that still hold the marks of a merge conflict. */
  async conflictMarks(): Promise<string[]> {
    const found = await this.git(['grep', '-l', '-E', '-e', '^(<<<<<<< |>>>>>>> )', '--', '.'], { accept: [1] });
    return found.stdout.split('\n').filter(Boolean);
  }

  /** Whether the branch as committed differs from the base. */
  async differsFromBase(): Promise<boolean> {
    return (await this.git(['diff', '--quiet', 'refs/rig/base', 'HEAD'], { accept: [1] })).exitCode === 1;
  }

  /** Sends the branch, one ref, only forward. Pushing what is there already changes nothing. Throws TaskFailure `PushRefused`. */
  async push(): Promise<string> {
    const { branch } = this.#options;
    const sha = await this.head();
    await runGit(['fetch', '--quiet', '--no-tags', this.tree, `+HEAD:refs/heads/outgoing`], {
      cwd: this.folders.origin,
      signal: this.signal,
    });
    try {
      await this.remote(['push', '--quiet', 'origin', `refs/heads/outgoing:refs/heads/${branch}`]);
    } catch (error) {
      throw error instanceof GitFailure ? refusedPush(branch, error) : error;
    }
    return sha;
  }

  #identity(): Record<string, string> {
    const { name, email } = this.#options.author;
    return { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
  }
}
