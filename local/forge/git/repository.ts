import { access, mkdir, rename, rm } from 'node:fs/promises';
import { ForgeError } from '../errors.ts';
import { type Commit, listCommits } from './commits.ts';
import { type ChangedPaths, changedPaths, diffFiles, type FileChange } from './diff.ts';
import { runGit } from './run.ts';

export const ZERO_OID = '0'.repeat(40);

const CONFIG = [
  ['http.receivepack', 'true'],
  ['receive.hideRefs', 'refs/pull'],
  // Review comments and check runs point at commits that a force push orphans: nothing is ever collected.
  ['gc.auto', '0'],
  ['receive.autogc', 'false'],
  ['receive.fsckObjects', 'true'],
  ['receive.maxInputSize', '2g'],
  ['uploadpack.allowReachableSHA1InWant', 'true'],
  ['uploadpack.allowFilter', 'true'],
  ['core.logAllRefUpdates', 'true'],
] as const;

/** One bare repository on disk. Reads are always of git itself, nothing is cached. */
export class GitRepository {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Creates it, with the heads and tags of `source` (a path or a bundle) if given. It appears whole or not at all; calling twice is safe.
   * Throws ImportFailed when `source` cannot be read.
   */
  async create(defaultBranch: string, source?: string): Promise<void> {
    if (await exists(`${this.dir}/HEAD`)) return;
    const making = `${this.dir}.new`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making, { recursive: true });
    await runGit(null, ['init', '-q', '--bare', `--initial-branch=${defaultBranch}`, making]);
    for (const [key, value] of CONFIG) await runGit(making, ['config', key, value]);
    if (source !== undefined) await importRefs(making, source);
    await rename(making, this.dir);
  }

  /** Brings in what a ref of another repository holds, and answers its commit; null where that has no such ref. No ref moves. Throws ImportFailed. */
  async fetchRef(source: string, ref: string): Promise<string | null> {
    const { code, stderr } = await runGit(this.dir, ['fetch', '-q', '--no-tags', source, ref], { accept: [0, 1, 128] });
    if (code === 0) return this.#revParse('FETCH_HEAD^{commit}');
    if (stderr.includes("couldn't find remote ref")) return null;
    throw new ForgeError('ImportFailed', `${source} has no ${ref} that could be read.`, { cause: new Error(stderr) });
  }

  /** Branches, tags and whatever else `prefix` selects, by full name. */
  async refs(prefix = 'refs/heads refs/tags'): Promise<Map<string, string>> {
    const args = ['for-each-ref', '--format=%(objectname) %(refname)', ...prefix.split(' ')];
    const { stdout } = await runGit(this.dir, args);
    const lines = stdout.toString().split('\n').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
  }

  /** The commit that `revision` (a SHA, a branch, a tag, a full ref) names, or null. */
  async commitOf(revision: string): Promise<string | null> {
    for (const name of [`refs/heads/${revision}`, `refs/tags/${revision}`, revision]) {
      const found = await this.#revParse(`${name}^{commit}`);
      if (found !== null) return found;
    }
    return null;
  }

  async branch(name: string): Promise<string | null> {
    return this.#revParse(`refs/heads/${name}^{commit}`);
  }

  async object(sha: string): Promise<{ type: string } | null> {
    const { code, stdout } = await runGit(this.dir, ['cat-file', '-t', sha], { accept: [0, 128] });
    return code === 0 ? { type: stdout.toString().trim() } : null;
  }

  async commit(sha: string): Promise<Commit> {
    const [commit] = await listCommits(this.dir, ['--no-walk', '-1', sha]);
    if (commit === undefined) throw new ForgeError('GitFailed', `commit ${sha} is not in ${this.dir}`);
    return commit;
  }

  commits(...revisions: string[]): Promise<Commit[]> {
    return listCommits(this.dir, revisions);
  }

  async count(range: string): Promise<number> {
    return Number((await runGit(this.dir, ['rev-list', '--count', range, '--'])).stdout.toString());
  }

  /** The best common ancestor, or null for unrelated histories. */
  async mergeBase(a: string, b: string): Promise<string | null> {
    const { code, stdout } = await runGit(this.dir, ['merge-base', a, b], { accept: [0, 1] });
    return code === 0 ? stdout.toString().trim() : null;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const args = ['merge-base', '--is-ancestor', ancestor, descendant];
    return (await runGit(this.dir, args, { accept: [0, 1] })).code === 0;
  }

  diff(from: string, to: string): Promise<FileChange[]> {
    return diffFiles(this.dir, from, to);
  }

  changedPaths(sha: string): Promise<ChangedPaths> {
    return changedPaths(this.dir, sha);
  }

  /** Moves, creates (`old` all zeros) or deletes (`oid` null) a ref; false if it is no longer at `old`. */
  async updateRef(ref: string, oid: string | null, old?: string): Promise<boolean> {
    const change = oid === null ? ['update-ref', '-d', ref] : ['update-ref', ref, oid];
    const args = old === undefined ? change : [...change, old];
    return (await runGit(this.dir, args, { accept: [0, 1, 128] })).code === 0;
  }

  async #revParse(name: string): Promise<string | null> {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', name];
    const { code, stdout } = await runGit(this.dir, args, { accept: [0, 1, 128] });
    return code === 0 ? stdout.toString().trim() : null;
  }
}

/** Whether git accepts `ref` (a full name) as the name of a ref. */
export async function isValidRef(ref: string): Promise<boolean> {
  if (!ref.startsWith('refs/') || ref.includes('\0')) return false;
  return (await runGit(null, ['check-ref-format', ref], { accept: [0, 1] })).code === 0;
}

async function importRefs(dir: string, source: string): Promise<void> {
  try {
    await runGit(dir, ['fetch', '-q', '--no-tags', source, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  } catch (cause) {
    const message = `The source ${source} cannot be imported; give the path of a git repository or a bundle with branches.`;
    throw new ForgeError('ImportFailed', message, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
