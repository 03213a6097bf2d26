import { type Static, Type } from 'typebox';
import { coveredBy, findRepository, installationOn, issueToken, setSuspended, uninstall } from '../model/index.ts';
import { notFound, Refusal } from '../refusal.ts';
import { permissionFlags, renderApp, renderInstallation, renderRepository } from '../render/index.ts';
import type { HookRow, InstallationRow } from '../store/index.ts';
import { created, noContent, ok, pagedList, wrapped } from './answer.ts';
import { type Call, optional } from './call.ts';
import { deliveryRoutes } from './deliveries.ts';
import type { Routes } from './server.ts';

const NewToken = Type.Object({
  repositories: optional(Type.Array(Type.String())),
  repository_ids: optional(Type.Array(Type.Integer())),
  permissions: optional(Type.Record(Type.String(), Type.Enum(['read', 'write', 'admin']))),
});

export const appRoutes: Routes = {
  'GET /app': (call) => {
    const app = call.actor.app!;
    const installations_count = call.ctx.store.installations.count({ appId: app.id });
    return ok({ ...renderApp(call.ctx, app), installations_count });
  },
  'GET /apps/{app_slug}': (call) => {
    const app = call.ctx.store.apps.first({ slug: call.param('app_slug') });
    if (app === undefined) throw notFound();
    return ok(renderApp(call.ctx, app));
  },
  'GET /app/installations': (call) => {
    const rows = call.ctx.store.installations.find({ appId: call.actor.app!.id });
    return pagedList(
      call,
      rows.map((row) => listed(call, row)),
    );
  },
  'GET /app/installations/{installation_id}': (call) => ok(renderInstallation(call.ctx, installation(call))),
  'DELETE /app/installations/{installation_id}': (call) => {
    uninstall(call.ctx, installation(call));
    return noContent;
  },
  'PUT /app/installations/{installation_id}/suspended': (call) => {
    setSuspended(call.ctx, installation(call), true);
    return noContent;
  },
  'DELETE /app/installations/{installation_id}/suspended': (call) => {
    setSuspended(call.ctx, installation(call), false);
    return noContent;
  },
  'POST /app/installations/{installation_id}/access_tokens': postToken,
  ...deliveryRoutes('/app/hook', appHook),
  'GET /repos/{owner}/{repo}/installation': (call) => {
    if (call.actor.asApp !== true) throw new Refusal(401, 'A JSON web token could not be decoded');
    const repo = findRepository(call.ctx, call.param('owner'), call.param('repo'));
    const row = repo && installationOn(call.ctx, call.actor.app!, repo);
    if (row === undefined) throw notFound();
    return ok(renderInstallation(call.ctx, row));
  },
  'GET /installation/repositories': (call) => {
    const { row, repoIds } = call.actor.installation!;
    const repos = coveredBy(call.ctx, row).filter(({ id }) => repoIds === null || repoIds.includes(id));
    const bodies = repos.map((repo) => ({
      ...renderRepository(call.ctx, repo),
      permissions: permissionFlags('write'),
    }));
    return wrapped(pagedList(call, bodies), (repositories) => ({
      total_count: repos.length,
      repository_selection: repoIds === null ? row.selection : 'selected',
      repositories,
    }));
  },
  'DELETE /installation/token': (call) => {
    call.revokeToken();
    return noContent;
  },
};

function appHook(call: Call): HookRow {
  const found = call.ctx.store.hooks.find({ repoId: 0 }).find(({ appId }) => appId === call.actor.app!.id);
  if (found === undefined) throw notFound();
  return found;
}

/** GitHub's document asks this one list for accounts that are a person and an enterprise at once. */
function listed(call: Call, row: InstallationRow) {
  const { account, ...rest } = renderInstallation(call.ctx, row);
  const { login = '', createdAt = '' } = call.ctx.store.users.get(row.accountId) ?? {};
  return { ...rest, account: { ...account, name: login, slug: login, created_at: createdAt, updated_at: createdAt } };
}

function installation(call: Call): InstallationRow {
  const found = call.ctx.store.installations.get(call.id('installation_id'));
  if (found === undefined || found.appId !== call.actor.app!.id) throw notFound();
  return found;
}

function postToken(call: Call) {
  const row = installation(call);
  const body = call.json(NewToken);
  const repoIds = namedRepositories(call, row, body);
  const { token, expiresAt } = issueToken(call.ctx, row, { repoIds, permissions: body.permissions });
  const repos = coveredBy(call.ctx, row).filter(({ id }) => repoIds?.includes(id));
  return created({
    token,
    expires_at: `${new Date(expiresAt).toISOString().slice(0, 19)}Z`,
    permissions: body.permissions === undefined ? row.permissions : { metadata: 'read', ...body.permissions },
    repository_selection: repoIds === undefined ? row.selection : 'selected',
    ...(repoIds === undefined ? {} : { repositories: repos.map((repo) => renderRepository(call.ctx, repo)) }),
  });
}

/** The repositories asked for, by number; a name that is not one of the account is number 0, which no installation has. */
function namedRepositories(call: Call, row: InstallationRow, body: Static<typeof NewToken>): number[] | undefined {
  if (body.repositories === undefined && body.repository_ids === undefined) return undefined;
  const owner = call.ctx.store.users.get(row.accountId)!.login;
  const named = (body.repositories ?? []).map((name) => findRepository(call.ctx, owner, name)?.id ?? 0);
  return [...(body.repository_ids ?? []), ...named];
}
