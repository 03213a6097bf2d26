import type { Context } from '../context.ts';
import type { Permission, RepositoryRow } from '../store/index.ts';

/** What a user may do with a repository: owners everything, collaborators what they were given, everyone reads what is public. */
export function permissionOf(ctx: Context, repo: RepositoryRow, userId: number): Permission {
  if (repo.ownerId === userId) return 'admin';
  const given = ctx.store.collaborators.first({ repoId: repo.id, userId });
  return given?.permission ?? (repo.private ? 'none' : 'read');
}

/** GitHub's `author_association`. */
export function association(ctx: Context, repo: RepositoryRow, userId: number): 'OWNER' | 'COLLABORATOR' | 'NONE' {
  if (repo.ownerId === userId) return 'OWNER';
  return ctx.store.collaborators.first({ repoId: repo.id, userId }) === undefined ? 'NONE' : 'COLLABORATOR';
}
