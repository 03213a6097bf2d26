import { type Context, now } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { covers, renderInstallation, renderInstalledRepository } from '../render/index.ts';
import type { AppPermissions, AppRow, InstallationRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emitToApp } from '../webhooks/index.ts';
import { addToken, makeToken } from './identities.ts';

const TOKEN_LIFE_MS = 3600 * 1000;
/** What an App may do unless it says otherwise: what a conductor's App needs. */
const DEFAULT_PERMISSIONS: AppPermissions = {
  attestations: 'read',
  checks: 'write',
  contents: 'write',
  deployments: 'read',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

export interface InstallationFields {
  readonly selection: InstallationRow['selection'];
  readonly repoIds: readonly number[];
  readonly permissions?: AppPermissions;
}

/** Installs an App on an account, or changes what it was installed with; each difference is told to the App. */
export function install(ctx: Context, app: AppRow, account: UserRow, fields: InstallationFields): InstallationRow {
  return ctx.store.transaction(() => {
    const found = ctx.store.installations.first({ appId: app.id, accountId: account.id });
    const at = now(ctx);
    const { selection, repoIds } = fields;
    const permissions = {
      metadata: 'read' as const,
      ...(fields.permissions ?? app.permissions ?? DEFAULT_PERMISSIONS),
    };
    if (found !== undefined) return change(ctx, found, { ...fields, permissions: fields.permissions });
    const row = ctx.store.installations.insert({
      appId: app.id,
      accountId: account.id,
      selection,
      repoIds: [...repoIds],
      permissions,
      suspendedAt: null,
      suspendedById: null,
      createdAt: at,
      updatedAt: at,
    });
    say(ctx, row, 'created', { repositories: installed(ctx, coveredBy(ctx, row)), requester: null });
    return row;
  });
}

function change(ctx: Context, before: InstallationRow, fields: InstallationFields): InstallationRow {
  const row = ctx.store.installations.update(before.id, {
    selection: fields.selection,
    repoIds: [...fields.repoIds],
    permissions: fields.permissions === undefined ? before.permissions : { metadata: 'read', ...fields.permissions },
    updatedAt: now(ctx),
  });
  if (JSON.stringify(row.permissions) !== JSON.stringify(before.permissions)) {
    say(ctx, row, 'new_permissions_accepted', { repositories: installed(ctx, coveredBy(ctx, row)), requester: null });
  }
  const [had, has] = [before, row].map((each) => new Map(coveredBy(ctx, each).map((repo) => [repo.id, repo])));
  const added = [...has!.values()].filter(({ id }) => !had!.has(id));
  const removed = [...had!.values()].filter(({ id }) => !has!.has(id));
  sayRepositories(ctx, row, added, removed);
  return row;
}

function sayRepositories(
  ctx: Context,
  row: InstallationRow,
  added: readonly RepositoryRow[],
  removed: readonly RepositoryRow[],
): void {
  const common = { repository_selection: row.selection, requester: null };
  const lists = { added, removed };
  for (const [action, repos] of Object.entries(lists)) {
    if (repos.length === 0) continue;
    const fields = { repositories_added: [] as unknown[], repositories_removed: [] as unknown[], ...common };
    fields[`repositories_${action}` as 'repositories_added'] = installed(ctx, repos);
    say(ctx, row, action, fields, 'installation_repositories');
  }
}

/** Suspends an installation, whose tokens then answer 403, or lets it go on. The same again says nothing. */
export function setSuspended(ctx: Context, row: InstallationRow, suspended: boolean): void {
  if ((row.suspendedAt !== null) === suspended) return;
  ctx.store.transaction(() => {
    const next = ctx.store.installations.update(row.id, {
      suspendedAt: suspended ? now(ctx) : null,
      suspendedById: suspended ? row.accountId : null,
      updatedAt: now(ctx),
    });
    say(ctx, next, suspended ? 'suspend' : 'unsuspend', { requester: null });
  });
}

/** Takes an App from an account, and with it every token it was given there. */
export function uninstall(ctx: Context, row: InstallationRow): void {
  ctx.store.transaction(() => {
    for (const { id } of ctx.store.tokens.find({ installationId: row.id })) ctx.store.tokens.delete(id);
    say(ctx, row, 'deleted', { repositories: installed(ctx, coveredBy(ctx, row)), requester: null });
    ctx.store.installations.delete(row.id);
  });
}

/** The repositories an installation has, in order. */
export function coveredBy(ctx: Context, row: InstallationRow): RepositoryRow[] {
  const own = ctx.store.repositories.find({ ownerId: row.accountId });
  return own.filter((repo) => covers(row, repo));
}

/** The App's installation that has the repository, or undefined. */
export function installationOn(ctx: Context, app: AppRow, repo: RepositoryRow): InstallationRow | undefined {
  return ctx.store.installations.find({ appId: app.id }).find((row) => covers(row, repo));
}

export interface TokenRequest {
  readonly repoIds?: readonly number[];
  readonly permissions?: AppPermissions;
}

/** A token for one hour with what is asked for, which has to be part of what the installation has: else 422 as GitHub. */
export function issueToken(
  ctx: Context,
  row: InstallationRow,
  asked: TokenRequest,
): { token: string; expiresAt: number } {
  if (row.suspendedAt !== null) throw new Refusal(403, 'This installation has been suspended');
  const covered = new Set(coveredBy(ctx, row).map(({ id }) => id));
  if (asked.repoIds?.some((id) => !covered.has(id))) {
    const message =
      'There is at least one repository that does not exist or is not accessible to the parent installation.';
    throw new Refusal(422, message);
  }
  const more = Object.entries(asked.permissions ?? {}).some(([name, level]) => !grants(row.permissions, name, level));
  if (more) throw new Refusal(422, 'The permissions requested are not granted to this installation.');
  const app = ctx.store.apps.get(row.appId)!;
  const token = makeToken('ghs');
  const expiresAt = Math.floor((ctx.clock() + TOKEN_LIFE_MS) / 1000) * 1000;
  addToken(ctx, token, app.userId, app.id, {
    installationId: row.id,
    expiresAt,
    ...(asked.repoIds === undefined ? {} : { repoIds: [...asked.repoIds] }),
    ...(asked.permissions === undefined ? {} : { permissions: { metadata: 'read', ...asked.permissions } }),
  });
  return { token, expiresAt };
}

const LEVELS = ['read', 'write', 'admin'];

/** Whether granted permissions include one at that level. */
export function grants(granted: AppPermissions, name: string, level: string): boolean {
  const have = granted[name];
  return have !== undefined && LEVELS.indexOf(have) >= LEVELS.indexOf(level);
}

const installed = (ctx: Context, repos: readonly RepositoryRow[]) =>
  repos.map((repo) => renderInstalledRepository(ctx, repo));

function say(
  ctx: Context,
  row: InstallationRow,
  action: string,
  more: Record<string, unknown>,
  event = 'installation',
): void {
  const sender = ctx.store.users.get(row.accountId)!;
  const fields = { installation: renderInstallation(ctx, row), ...more };
  emitToApp(ctx, row.appId, { event, action, sender, fields });
}
