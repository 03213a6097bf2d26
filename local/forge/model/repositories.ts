import { type Context, now } from '../context.ts';
import { isValidRef } from '../git/index.ts';
import { invalid, Refusal } from '../refusal.ts';
import type { CiConfig, Permission, RepositoryRow } from '../store/index.ts';
import { findRepository } from './actor.ts';
import { freeDirectory } from './directories.ts';
import { upsertUser } from './identities.ts';

export interface NewRepository {
  readonly owner: string;
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string | null;
  readonly defaultBranch?: string;
  /** A git repository's path or a bundle. */
  readonly source?: string;
}

/**
 * Creates a repository, with what `source` holds already told: imported refs cause no events. One that exists is left as it is. The git
 * side is made first and the row last, so that a crash in between is repaired by asking again.
 */
export async function ensureRepository(
  ctx: Context,
  wanted: NewRepository,
): Promise<{ repo: RepositoryRow; created: boolean }> {
  const found = findRepository(ctx, wanted.owner, wanted.name);
  if (found !== undefined) return { repo: found, created: false };
  const { user: owner } = upsertUser(ctx, { login: wanted.owner, type: 'Organization' });
  const at = now(ctx);
  const defaultBranch = wanted.defaultBranch ?? 'main';
  if (!(await isValidRef(`refs/heads/${defaultBranch}`))) throw invalid('Repository', 'default_branch');
  const fields = {
    ownerId: owner.id,
    ownerKey: wanted.owner.toLowerCase(),
    name: wanted.name,
    nameKey: wanted.name.toLowerCase(),
    dir: freeDirectory(ctx, wanted.owner.toLowerCase(), wanted.name.toLowerCase()),
    description: wanted.description ?? null,
    private: wanted.private ?? false,
    defaultBranch,
    nextNumber: 1,
    createdAt: at,
    updatedAt: at,
    pushedAt: at,
    ci: null,
    pusherId: null,
  };
  const git = ctx.git(fields);
  await git.create(defaultBranch, wanted.source);
  const refs = await git.refs();
  if (wanted.source !== undefined && !refs.has(`refs/heads/${defaultBranch}`)) {
    throw new Refusal(422, `The source has no branch ${defaultBranch}; name its default branch in defaultBranch.`);
  }
  return ctx.store.transaction(() => {
    const raced = findRepository(ctx, wanted.owner, wanted.name);
    if (raced !== undefined) return { repo: raced, created: false };
    const { ownerKey, nameKey } = fields;
    // A new repository ends the redirect of one that had the name before.
    for (const { id } of ctx.store.redirects.find({ ownerKey, nameKey })) ctx.store.redirects.delete(id);
    const repo = ctx.store.repositories.insert(fields);
    for (const [name, oid] of refs) ctx.store.refs.insert({ repoId: repo.id, name, oid });
    return { repo, created: true };
  });
}

/** Gives a user a permission on a repository, in place of an earlier one. */
export function setPermission(ctx: Context, repo: RepositoryRow, userId: number, permission: Permission): void {
  ctx.store.transaction(() => {
    const found = ctx.store.collaborators.first({ repoId: repo.id, userId });
    if (found === undefined) ctx.store.collaborators.insert({ repoId: repo.id, userId, permission });
    else ctx.store.collaborators.update(found.id, { permission });
  });
}

export function removeCollaborator(ctx: Context, repo: RepositoryRow, userId: number): void {
  const found = ctx.store.collaborators.first({ repoId: repo.id, userId });
  if (found !== undefined) ctx.store.collaborators.delete(found.id);
}

/** Sets or takes away the test command. Heads pushed before are not run. */
export function setCi(ctx: Context, repo: RepositoryRow, ci: CiConfig | null): void {
  ctx.store.repositories.update(repo.id, { ci });
}
