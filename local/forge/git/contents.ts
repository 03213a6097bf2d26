import { runGit } from './run.ts';

export interface TreeEntry {
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  readonly size: number;
  readonly path: string;
}

/** The entry at `path` in a commit ('' is the root tree), or null. `path` is taken literally: no globs, no magic. */
export async function entryAt(gitDir: string, commit: string, path: string): Promise<TreeEntry | null> {
  if (path === '') {
    const { stdout } = await runGit(gitDir, ['rev-parse', `${commit}^{tree}`]);
    return { mode: '040000', type: 'tree', sha: stdout.toString().trim(), size: 0, path: '' };
  }
  // Git would answer these with an error: they name nothing inside a tree.
  if (path.includes('\0') || path.split('/').some((part) => part === '..' || part === '.' || part === '')) return null;
  return (await listTree(gitDir, commit, [path]))[0] ?? null;
}

/** The direct children of a tree object. Paths are relative to it. */
export function childrenOf(gitDir: string, tree: string): Promise<TreeEntry[]> {
  return listTree(gitDir, tree, []);
}

export async function readBlob(gitDir: string, sha: string): Promise<Buffer> {
  return (await runGit(gitDir, ['cat-file', 'blob', sha])).stdout;
}

async function listTree(gitDir: string, tree: string, paths: string[]): Promise<TreeEntry[]> {
  const args = ['--literal-pathspecs', 'ls-tree', '-l', '-z', '--full-tree', tree, '--', ...paths];
  const { stdout } = await runGit(gitDir, args);
  return stdout.toString().split('\0').filter(Boolean).map(parseEntry);
}

function parseEntry(record: string): TreeEntry {
  const [meta = '', path = ''] = record.split('\t');
  const [mode = '', type = 'blob', sha = '', size = '0'] = meta.split(/ +/);
  return { mode, type: type as TreeEntry['type'], sha, size: Number(size) || 0, path };
}
