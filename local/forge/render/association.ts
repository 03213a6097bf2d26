import type { Context } from '../context.ts';
import type { InstallationRow, Permission, RepositoryRow } from '../store/index.ts';

/** Whether an App's installation has the repository. */
export const covers = (row: InstallationRow, repo: RepositoryRow): boolean =>
  repo.deletedAt === undefined &&
  row.accountId === repo.ownerId &&
  (row.selection === 'all' || row.repoIds.includes(repo.id));

/**
 * What a user may do with a repository: owners everything, collaborators what they were given, an App's bot what it was installed with,
 * everyone reads what is public.
 */
export function permissionOf(ctx: Context, repo: RepositoryRow, userId: number): Permission {
  if (repo.deletedAt !== undefined) return 'none';
  if (repo.ownerId === userId) return 'admin';
  const given = ctx.store.collaborators.first({ repoId: repo.id, userId });
  return given?.permission ?? permissionOfBot(ctx, repo, userId) ?? (repo.private ? 'none' : 'read');
}

/** GitHub's `author_association`. */
export function association(ctx: Context, repo: RepositoryRow, userId: number): 'OWNER' | 'COLLABORATOR' | 'NONE' {
  if (repo.ownerId === userId) return 'OWNER';
  return ctx.store.collaborators.first({ repoId: repo.id, userId }) === undefined ? 'NONE' : 'COLLABORATOR';
}

function permissionOfBot(ctx: Context, repo: RepositoryRow, userId: number): Permission | undefined {
  if (ctx.store.users.get(userId)?.type !== 'Bot') return undefined;
  const app = ctx.store.apps.first({ userId });
  const row = app && ctx.store.installations.find({ appId: app.id }).find((each) => covers(each, repo));
  if (row === undefined) return undefined;
  return row.suspendedAt === null && row.permissions.contents === 'write' ? 'write' : 'read';
}
