import type { Context } from '../context.ts';
import { type InstallationRow, nodeId, type RepositoryRow } from '../store/index.ts';
import { fullName } from './repository.ts';
import { clientId, renderUserById } from './user.ts';

/** OpenAPI `installation`, and the webhooks' of the same name. */
export function renderInstallation(ctx: Context, row: InstallationRow) {
  const app = ctx.store.apps.get(row.appId)!;
  const account = ctx.store.users.get(row.accountId)!;
  return {
    id: row.id,
    client_id: clientId(app),
    account: renderUserById(ctx, row.accountId),
    repository_selection: row.selection,
    access_tokens_url: `${ctx.api}/app/installations/${row.id}/access_tokens`,
    repositories_url: `${ctx.api}/installation/repositories`,
    html_url: `${ctx.html}/organizations/${account.login}/settings/installations/${row.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: row.accountId,
    target_type: account.type,
    permissions: row.permissions,
    events: [],
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: renderUserById(ctx, row.suspendedById),
    suspended_at: row.suspendedAt,
  };
}

/** The part that every delivery to an App carries. */
export const renderInstallationLink = (row: InstallationRow) => ({
  id: row.id,
  node_id: nodeId('installation', row.id),
});

/** A repository as `installation` events name it. */
export function renderInstalledRepository(ctx: Context, repo: RepositoryRow) {
  return {
    id: repo.id,
    node_id: nodeId('repository', repo.id),
    name: repo.name,
    full_name: fullName(ctx, repo),
    private: repo.private,
  };
}
