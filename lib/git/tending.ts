import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './error.ts';
import { type GitOptions, git, gitSays } from './git.ts';

/** Refs that keep commits which no branch may have any more. */
const HELD = 'refs/rig/held/';
const CLEAN_MS = 300_000;
/** Bytes of a list of refs. */
const REFS_MAX = 64 * 1024 * 1024;
/** How old a file is that no git writes any more: each is over long before. */
const LITTER_MS = 3_600_000;

/** Every ref of a copy, those that hold commits aside. Throws GitError. */
export async function refsOf(copy: string): Promise<string[]> {
  return (await allRefs(copy)).filter((ref) => !ref.startsWith(HELD));
}

/** Lets refs go, and holds those commits that the copy has, and no others beside the refs that stay. Repeating it is harmless. Throws GitError. */
export async function changeRefs(copy: string, letGo: readonly string[], commits: readonly string[]): Promise<void> {
  const there: string[] = [];
  for (const sha of commits) if (await hasCommit(copy, sha)) there.push(`${HELD}${sha}`);
  const held = (await allRefs(copy)).filter((ref) => ref.startsWith(HELD));
  const hold = there.filter((ref) => !held.includes(ref)).map((ref) => `create ${ref}\0${ref.slice(HELD.length)}\0`);
  const go = [...letGo, ...held.filter((ref) => !there.includes(ref))].map((ref) => `delete ${ref}\0\0`);
  if (hold.length + go.length === 0) return;
  await git(['update-ref', '--stdin', '-z'], { cwd: copy, input: Buffer.from([...hold, ...go].join('')) });
}

async function allRefs(copy: string): Promise<string[]> {
  const said = await git(['for-each-ref', '--format=%(refname)'], { cwd: copy, outputMax: REFS_MAX });
  return said.split('\n').filter((ref) => ref !== '');
}

/** Whether a copy has this commit. Throws GitError where that cannot be told. */
export async function hasCommit(copy: string, sha: string): Promise<boolean> {
  try {
    return await gitSays(['cat-file', '-e', `${sha}^{commit}`], { cwd: copy, bounded: true });
  } catch (error) {
    // What it says of an object that is not there at all is 128, not 1.
    if (error instanceof GitError && error.exitCode === 128) return false;
    throw error;
  }
}

/** Whether a copy has a commit and everything that it needs: of what no ref reaches, a part may have been deleted. Throws GitError where that cannot be told. */
export async function hasWhole(copy: string, sha: string): Promise<boolean> {
  const args = ['rev-list', '--objects', '--quiet', '--not', '--all', '--not', '--end-of-options', sha];
  try {
    return await gitSays(args, { cwd: copy, bounded: true });
  } catch (error) {
    // What it says of an object that is not there is 128, not 1.
    if (error instanceof GitError && error.exitCode === 128) return false;
    throw error;
  }
}

/** How many objects of a copy have a file of their own, and how many packs there are. Throws GitError. */
export async function countObjects(copy: string): Promise<{ loose: number; packs: number }> {
  const said = await git(['count-objects', '-v'], { cwd: copy });
  const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(said)?.[1] ?? 0);
  return { loose: of('count'), packs: of('packs') };
}

/**
 * Packs what refs reach, and deletes what none does and was there before `before` (ms since 1970). Killed at any moment it leaves a copy that is whole.
 * Nothing may be written to the copy meanwhile. Throws GitError, and AbortError where `signal` aborts.
 */
export async function letGoObjects(copy: string, before: number, signal?: AbortSignal): Promise<void> {
  const date = `${new Date(before).toISOString().slice(0, 19)}Z`;
  const options: GitOptions = { cwd: copy, bounded: true, timeoutMs: CLEAN_MS, ...(signal && { signal }) };
  const repack = ['repack', '-A', '-d', '-l', '-q', '-n', '--no-write-bitmap-index', '--window-memory=64m'];
  // Step by step, not `git gc`: of that, killed, children would go on beside the next fetch.
  await git([...repack, `--unpack-unreachable=${date}`], options);
  await git(['prune', `--expire=${date}`], options);
}

/** Removes packs that were never finished, of a fetch or a repacking that was killed: git itself does so where a pruning comes to its end, or never. */
export async function removeLitter(copy: string): Promise<void> {
  const packs = join(copy, 'objects', 'pack');
  for (const name of await readdir(packs).catch(() => [])) {
    if (!/^\.?tmp[-_]/.test(name)) continue;
    const { mtimeMs } = await lstat(join(packs, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > LITTER_MS) await rm(join(packs, name), { force: true });
  }
}

/** Whether git says of a copy that something is missing in it, or damaged; false where it cannot say. */
export async function isBroken(copy: string, signal?: AbortSignal): Promise<boolean> {
  const args = ['fsck', '--connectivity-only', '--no-dangling', '--no-progress'];
  return git(args, { cwd: copy, bounded: true, timeoutMs: CLEAN_MS, ...(signal && { signal }) }).then(
    () => false,
    // A sum of what it found; 128 is that it could not look.
    (error: unknown) => error instanceof GitError && error.exitCode !== null && error.exitCode < 128,
  );
}

/** Bytes that a folder takes on the disk; what vanishes meanwhile takes none. */
export async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const { parentPath, name } of entries) {
    const { blocks } = await lstat(join(parentPath, name)).catch(() => ({ blocks: 0 }));
    bytes += blocks * 512;
  }
  return bytes;
}
