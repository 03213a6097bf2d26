import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitOptions, type GitResult, type GitStream, runGit, streamGit } from '../../git/index.ts';
import type { Ask } from '../protocol/index.ts';

export interface Folders {
  readonly tree: string;
  /** HOME of what runs. */
  readonly home: string;
  /** The server's own. */
  readonly own: string;
}

/**
 * The worktree of a task, in a repository of its own that borrows the objects of the runtime's. Its git runs no hook and asks
 * nobody; but what is run here may write its configuration, so nothing outside the sandbox may believe what it says.
 */
export class Worktree {
  readonly folders: Folders;
  readonly #given: Ask<'open'>;

  private constructor(folders: Folders, given: Ask<'open'>) {
    this.folders = folders;
    this.#given = given;
  }

  /** Lays out a fresh one below `folder`; `objects` is the object directory it borrows from and never writes. */
  static async open(folder: string, objects: string, given: Ask<'open'>, signal: AbortSignal): Promise<Worktree> {
    const folders = { tree: join(folder, 'tree'), home: join(folder, 'home'), own: join(folder, 'own') };
    for (const path of Object.values(folders)) {
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
    }
    const worktree = new Worktree(folders, given);
    const git = (...args: string[]) => worktree.git(args, signal);
    await git('init', '--quiet');
    await writeFile(join(folders.tree, '.git/objects/info/alternates'), `${objects}\n`);
    await git('config', 'gc.auto', '0');
    await git('symbolic-ref', 'HEAD', `refs/heads/${given.branch}`);
    await git('update-ref', `refs/heads/${given.branch}`, given.start);
    await git('update-ref', 'refs/rig/base', given.base);
    await git('reset', '--quiet', '--hard');
    return worktree;
  }

  git(args: readonly string[], signal: AbortSignal, more: Partial<GitOptions> = {}): Promise<GitResult> {
    return runGit(args, { cwd: this.folders.tree, signal, ...more });
  }

  async head(signal: AbortSignal): Promise<string> {
    return (await this.git(['rev-parse', 'HEAD'], signal)).stdout.trim();
  }

  /** Equal content, equal name. */
  async digest(signal: AbortSignal): Promise<string> {
    const env = { GIT_INDEX_FILE: join(this.folders.own, 'digest.index') };
    await this.git(['add', '--all'], signal, { env });
    return (await this.git(['write-tree'], signal, { env })).stdout.trim();
  }

  /** Everything the branch changes against where it left the base, as a unified diff. */
  async diff(signal: AbortSignal): Promise<string> {
    const found = await this.git(['merge-base', 'refs/rig/base', 'HEAD'], signal, { accept: [1] });
    const fork = found.stdout.trim() || this.#given.base;
    return (await this.git(['diff', '--no-color', '--no-ext-diff', '--no-textconv', '-M', fork], signal)).stdout;
  }

  /** Returns the paths in conflict. */
  async merge(signal: AbortSignal): Promise<string[]> {
    const args = ['merge', '--no-ff', '--no-commit', '--quiet', 'refs/rig/base'];
    const merged = await this.git(args, signal, { accept: [1], env: this.#identity() });
    if (merged.exitCode === 0) return [];
    const left = await this.git(['diff', '--name-only', '--diff-filter=U', '-z'], signal);
    return left.stdout.split('\0').filter(Boolean);
  }

  /** Commits all that changed, with the task's author and trailer. Returns whether there was anything to commit. */
  async commit(message: string, signal: AbortSignal): Promise<boolean> {
    await this.git(['add', '--all'], signal);
    const staged = await this.git(['diff', '--cached', '--quiet'], signal, { accept: [1] });
    const merging = await this.git(['rev-parse', '--quiet', '--verify', 'MERGE_HEAD'], signal, { accept: [1, 128] });
    if (staged.exitCode === 0 && merging.exitCode !== 0) return false;
    const input = `${message.trim()}\n\nRig-Task: ${this.#given.task}\n`;
    const args = ['commit', '--quiet', '--no-verify', '--cleanup=verbatim', '--file=-'];
    await this.git(args, signal, { input, env: this.#identity() });
    return true;
  }

  async uncommit(head: string, signal: AbortSignal): Promise<void> {
    const listed = await this.git(['rev-list', '--parents', '-n', '1', head], signal);
    const parents = listed.stdout.trim().split(' ').length - 1;
    if (parents === 1) await this.git(['reset', '--soft', `${head}^`], signal);
  }

  async marks(signal: AbortSignal): Promise<string[]> {
    const args = ['grep', '-l', '-z', '-E', '-e', '^(<<<<<<< |>>>>>>> )', '--', '.'];
    return (await this.git(args, signal, { accept: [1] })).stdout.split('\0').filter(Boolean);
  }

  bundle(have: readonly string[], signal: AbortSignal): GitStream {
    const args = ['bundle', 'create', '--quiet', '-', 'HEAD', ...have.map((sha) => `^${sha}`)];
    return streamGit(args, { cwd: this.folders.tree, signal });
  }

  #identity(): Record<string, string> {
    const { name, email } = this.#given.author;
    return { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
  }
}
