import type { Context } from '../context.ts';
import { forbidden, notFound } from '../refusal.ts';
import { allows, covers, permissionOf } from '../render/index.ts';
import type { AppPermissions, AppRow, InstallationRow, Permission, RepositoryRow, UserRow } from '../store/index.ts';

/** Who makes a request: a user with a token, or an App through its bot. */
export interface Actor {
  readonly user: UserRow;
  readonly app: AppRow | null;
  /** What a token that an App asked for is limited to. Absent for people's tokens and those the admin made. */
  readonly installation?: {
    readonly row: InstallationRow;
    readonly repoIds: readonly number[] | null;
    readonly permissions: AppPermissions;
  };
  /** The App itself, by a token it signed: for its own operations, and nothing else. */
  readonly asApp?: true;
}

/** The repository, if the actor may know of it; else 404, as GitHub hides what one may not see. */
export function visibleRepository(ctx: Context, actor: Actor, owner: string, name: string): RepositoryRow {
  const repo = findRepository(ctx, owner, name);
  if (repo === undefined || !can(ctx, actor, repo, 'read')) throw notFound();
  return repo;
}

export function findRepository(ctx: Context, owner: string, name: string): RepositoryRow | undefined {
  return ctx.store.repositories.first({ ownerKey: owner.toLowerCase(), nameKey: name.toLowerCase() });
}

/** The repository that had this name before, if it still exists and none has the name now. */
export function movedFrom(ctx: Context, owner: string, name: string): RepositoryRow | undefined {
  const redirect = ctx.store.redirects.first({ ownerKey: owner.toLowerCase(), nameKey: name.toLowerCase() });
  return redirect && ctx.store.repositories.get(redirect.repoId);
}

/**
 * Whether the actor has a role on a repository. What an installation's token may do is asked of its permissions, operation by operation;
 * here it only has to have the repository, and is never its administrator.
 */
export function can(ctx: Context, actor: Actor, repo: RepositoryRow, permission: Permission): boolean {
  if (actor.asApp === true) return false;
  if (actor.installation !== undefined) {
    const { row, repoIds } = actor.installation;
    const has = covers(row, repo) && (repoIds === null || repoIds.includes(repo.id));
    return has ? permission !== 'admin' : !repo.private && permission === 'read';
  }
  return allows(permissionOf(ctx, repo, actor.user.id), permission);
}

/** Refuses with 403 unless the actor has the permission. */
export function need(ctx: Context, actor: Actor, repo: RepositoryRow, permission: Permission, message?: string): void {
  if (!can(ctx, actor, repo, permission)) throw forbidden(message);
}
