import type { Context } from '../context.ts';
import { forbidden, notFound } from '../refusal.ts';
import { allows, permissionOf } from '../render/index.ts';
import type { AppRow, Permission, RepositoryRow, UserRow } from '../store/index.ts';

/** Who makes a request: a user with a token, or an App through its bot. */
export interface Actor {
  readonly user: UserRow;
  readonly app: AppRow | null;
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

export function can(ctx: Context, actor: Actor, repo: RepositoryRow, permission: Permission): boolean {
  return allows(permissionOf(ctx, repo, actor.user.id), permission);
}

/** Refuses with 403 unless the actor has the permission. */
export function need(ctx: Context, actor: Actor, repo: RepositoryRow, permission: Permission, message?: string): void {
  if (!can(ctx, actor, repo, permission)) throw forbidden(message);
}
