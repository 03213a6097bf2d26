import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Refused } from './refused.ts';

/**
 * The real path of `path` inside the worktree `tree`, which need not exist yet. Symbolic links are followed before the judgement;
 * whatever leads out of the worktree or into `.git` throws {@link Refused}.
 */
export async function confine(tree: string, path: string): Promise<string> {
  if (path.includes('\0')) throw new Refused('A path holds no NUL character.');
  const root = await realpath(tree);
  const wanted = isAbsolute(path) && !isInside(path, root) && !isInside(path, tree) ? undefined : resolve(tree, path);
  const real = wanted === undefined ? undefined : await realOfExisting(wanted);
  if (real === undefined || (real !== root && !isInside(real, root)))
    throw new Refused(`${path} lies outside the worktree; name paths relative to its root.`);
  if (
    relative(root, real)
      .split(sep)
      .some((part) => part.toLowerCase() === '.git')
  )
    throw new Refused(`${path} belongs to git; use the git tool.`);
  return real;
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(root + sep);
}

async function realOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw new Refused(`${path} is a loop of symbolic links.`);
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(path) === path) throw error;
    await refuseDangling(path);
    return join(await realOfExisting(dirname(path)), basename(path));
  }
}

/** A link to what does not exist yet would let a write land wherever it points. */
async function refuseDangling(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined) throw new Refused(`${path} is a symbolic link to something that does not exist.`);
}
