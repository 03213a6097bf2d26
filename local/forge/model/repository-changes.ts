import { type Context, now } from '../context.ts';
import { invalid, Refusal } from '../refusal.ts';
import { ownerOf, renderOrganization, renderUser } from '../render/index.ts';
import type { RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import { directoryOf } from './directories.ts';

export interface RepositoryChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly private?: boolean;
  readonly archived?: boolean;
  readonly defaultBranch?: string;
  readonly mergeMethods?: RepositoryRow['mergeMethods'];
}

const NAME = /^(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}$/i;

/** Changes a repository and says each part as its own event. 422 for a name that is taken or none. The caller knows the branch exists. */
export function changeRepository(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  change: RepositoryChange,
): RepositoryRow {
  return ctx.store.transaction(() => {
    if (change.name !== undefined && change.name !== repo.name) rename(ctx, repo, actor, change.name);
    edit(ctx, repo, actor, change);
    if (change.private !== undefined && change.private !== repo.private) {
      say(ctx, repo, actor, change.private ? 'privatized' : 'publicized', { private: change.private });
    }
    if (change.archived !== undefined && change.archived !== (repo.archived ?? false)) {
      say(ctx, repo, actor, change.archived ? 'archived' : 'unarchived', { archived: change.archived });
    }
    if (change.mergeMethods !== undefined) {
      ctx.store.repositories.update(repo.id, { mergeMethods: { ...repo.mergeMethods, ...change.mergeMethods } });
    }
    return ctx.store.repositories.get(repo.id)!;
  });
}

function edit(ctx: Context, repo: RepositoryRow, actor: UserRow, change: RepositoryChange): void {
  const { description = repo.description, defaultBranch = repo.defaultBranch } = change;
  const changes = {
    ...(description === repo.description ? {} : { description: { from: repo.description } }),
    ...(defaultBranch === repo.defaultBranch ? {} : { default_branch: { from: repo.defaultBranch } }),
  };
  if (Object.keys(changes).length > 0) say(ctx, repo, actor, 'edited', { description, defaultBranch }, { changes });
}

function rename(ctx: Context, repo: RepositoryRow, actor: UserRow, name: string): void {
  if (!NAME.test(name)) throw invalid('Repository', 'name');
  const nameKey = name.toLowerCase();
  move(ctx, repo, { ownerKey: repo.ownerKey, nameKey });
  const changes = { repository: { name: { from: repo.name } } };
  say(ctx, repo, actor, 'renamed', { name, nameKey, dir: directoryOf(repo) }, { changes });
}

/** Gives a repository to another account, under the same name or a new one. The former owner keeps no right to it. */
export function transferRepository(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  owner: UserRow,
  name = repo.name,
): RepositoryRow {
  if (!NAME.test(name)) throw invalid('Repository', 'new_name');
  return ctx.store.transaction(() => {
    const before = ownerOf(ctx, repo);
    const [ownerKey, nameKey] = [owner.loginKey, name.toLowerCase()];
    move(ctx, repo, { ownerKey, nameKey });
    const from =
      before.type === 'Organization'
        ? { organization: renderOrganization(ctx, before) }
        : { user: renderUser(ctx, before) };
    const fields = { ownerId: owner.id, ownerKey, name, nameKey, dir: directoryOf(repo) };
    return say(ctx, repo, actor, 'transferred', fields, { changes: { owner: { from } } });
  });
}

/** Leaves a redirect at the old name. What stood at the new one is a repository (422) or an older redirect, which ends. */
function move(ctx: Context, repo: RepositoryRow, to: { ownerKey: string; nameKey: string }): void {
  if (ctx.store.repositories.first(to) !== undefined) {
    throw invalid('Repository', 'name', 'custom', 'name already exists on this account');
  }
  const { ownerKey, nameKey } = repo;
  for (const { id } of ctx.store.redirects.find(to)) ctx.store.redirects.delete(id);
  ctx.store.redirects.insert({ ownerKey, nameKey, repoId: repo.id });
}

/** Forgets a repository: nobody sees it any more, its hooks hear of it last, running checks end with nobody told. */
export function deleteRepository(ctx: Context, repo: RepositoryRow, actor: UserRow): void {
  ctx.store.transaction(() => {
    const { store } = ctx;
    emit(ctx, repo, { event: 'repository', action: 'deleted', sender: actor, fields: {} });
    for (const { id } of store.redirects.find({ repoId: repo.id })) store.redirects.delete(id);
    for (const { id } of store.collaborators.find({ repoId: repo.id })) store.collaborators.delete(id);
    for (const { id } of store.hooks.find({ repoId: repo.id })) store.hooks.update(id, { active: false });
    for (const run of store.checkRuns.find({ repoId: repo.id, status: ['queued', 'in_progress'] })) {
      store.checkRuns.update(run.id, { status: 'completed', conclusion: 'cancelled', completedAt: now(ctx) });
    }
    for (const { id } of store.deployments.find({ repoId: repo.id })) store.deployments.update(id, { reportAt: null });
    const gone = { ownerKey: '', nameKey: `#${repo.id}`, dir: directoryOf(repo), ci: null, deployer: null };
    store.repositories.update(repo.id, { ...gone, deletedAt: now(ctx) });
  });
}

/** Refuses any change of an archived repository, as GitHub does. */
export function needUnarchived(repo: RepositoryRow): void {
  if (repo.archived === true) throw new Refusal(403, 'Repository was archived so is read-only.');
}

function say(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  action: string,
  fields: Partial<RepositoryRow>,
  more: Record<string, unknown> = {},
): RepositoryRow {
  const next = ctx.store.repositories.update(repo.id, { ...fields, updatedAt: now(ctx) });
  emit(ctx, next, { event: 'repository', action, sender: actor, fields: more });
  return next;
}
