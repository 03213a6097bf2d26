import type { Context } from '../context.ts';
import { entryAt, type GitRepository, readBlob } from '../git/index.ts';
import { CODE_OWNERS_PATHS, ownersOf, parseCodeOwners } from '../protection/index.ts';
import { allows, permissionOf, userByEmail } from '../render/index.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/index.ts';
import { findUser } from './identities.ts';

/**
 * The owners of changed files none of whom approved, a group once. As on GitHub the base branch's CODEOWNERS counts, and an owner who may
 * not write owns nothing.
 */
export async function missingOwners(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  base: string,
  approvers: ReadonlySet<number>,
): Promise<string[]> {
  const git = ctx.git(repo);
  const lines = parseCodeOwners(await codeOwnersFile(git, base));
  if (lines.length === 0) return [];
  const files = await git.diff(pull.stats.mergeBase, pull.headSha);
  const paths = files.flatMap((file) => [file.filename, file.previousFilename ?? file.filename]);
  const missing = new Set<string>();
  for (const path of new Set(paths)) {
    const owners = ownersOf(lines, path)
      .map((name) => ({ name, user: ownerNamed(ctx, name) }))
      .filter(({ user }) => user !== undefined && allows(permissionOf(ctx, repo, user.id), 'write'));
    if (owners.length === 0 || owners.some(({ user }) => approvers.has(user!.id))) continue;
    missing.add(owners.map(({ name }) => name).join(' and/or '));
  }
  return [...missing];
}

async function codeOwnersFile(git: GitRepository, commit: string): Promise<string> {
  for (const path of CODE_OWNERS_PATHS) {
    const entry = await entryAt(git.dir, commit, path);
    if (entry?.type === 'blob') return (await readBlob(git.dir, entry.sha)).toString();
  }
  return '';
}

function ownerNamed(ctx: Context, name: string): UserRow | undefined {
  return name.startsWith('@') ? findUser(ctx, name.slice(1)) : userByEmail(ctx, name);
}
