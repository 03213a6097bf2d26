import { type ChangedLines, type Substance, substanceOf } from '#domain';
import { git, gitSays } from '#lib/git';

const LISTED_MAX = 16 * 1024 * 1024;

/** Commits of the first-parent line of `to` that are not in `from`, oldest first, at most `limit` of them. */
export async function firstParents(
  cwd: string,
  from: string,
  to: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const listed = await git(['rev-list', '--first-parent', '--reverse', `${from}..${to}`], {
    cwd,
    outputMax: LISTED_MAX,
  });
  return listed
    .split('\n')
    .filter((sha) => sha !== '')
    .slice(0, limit);
}

/** The parents of a commit, in order. */
export async function parentsOf(cwd: string, commit: string): Promise<string[]> {
  const listed = await git(['rev-list', '--parents', '--no-walk', commit], { cwd });
  return listed.trim().split(' ').slice(1);
}

/** Whether the branch that ends at `tip` has the commit in it; false where it is not known at all. */
export async function isIn(cwd: string, commit: string, tip: string): Promise<boolean> {
  if (!(await gitSays(['cat-file', '-e', `${commit}^{commit}`], { cwd }).catch(() => false))) return false;
  return gitSays(['merge-base', '--is-ancestor', commit, tip], { cwd });
}

export async function messageOf(cwd: string, commit: string): Promise<string> {
  return git(['log', '-1', '--format=%B', '--end-of-options', commit], { cwd });
}

/** The commit `generations` before one on its first-parent line; null where the line does not go back so far. */
export async function ancestorOf(cwd: string, commit: string, generations: number): Promise<string | null> {
  const found = await git(['rev-parse', '--verify', '--quiet', `${commit}~${generations}`], { cwd }).catch(() => '');
  return found.trim() === '' ? null : found.trim();
}

/** The files of the way from one commit to another, as a diff names them. Throws GitError where that alone is too much. */
export async function filesOf(cwd: string, from: string, to: string): Promise<string[]> {
  const said = await git(['diff-tree', '-r', '--no-renames', '--name-only', '--end-of-options', from, to], {
    cwd,
    outputMax: LISTED_MAX,
    bounded: true,
  });
  const names = said.split('\n').filter((name) => name !== '');
  return names.map((name) =>
    name.startsWith('"') ? `"a/${name.slice(1)} "b/${name.slice(1)}` : `a/${name} b/${name}`,
  );
}

/** What the way from one commit to another is made of: files, lines that differ in more than white space, and what that amounts to. */
export async function madeOf(
  cwd: string,
  from: string,
  to: string,
): Promise<{ files: number; lines: number; substance: Substance }> {
  const said = await git(
    [
      'diff-tree',
      '-r',
      '-w',
      '--ignore-blank-lines',
      '--numstat',
      '-z',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      '--end-of-options',
      from,
      to,
    ],
    { cwd, outputMax: LISTED_MAX, bounded: true },
  );
  const files = said.split('\u0000').flatMap((entry): ChangedLines[] => {
    const { added, deleted, path } = /^(?<added>\d+|-)\t(?<deleted>\d+|-)\t(?<path>.+)$/s.exec(entry)?.groups ?? {};
    if (path === undefined) return [];
    return [{ path, lines: added === '-' ? 0 : Number(added) + Number(deleted), binary: added === '-' }];
  });
  return {
    files: files.length,
    lines: files.reduce((sum, { lines }) => sum + lines, 0),
    substance: substanceOf(files),
  };
}
