import type { Context } from '../context.ts';
import { type AppRow, nodeId, type UserRow } from '../store/index.ts';

const NODE_KIND = { User: 'user', Bot: 'bot', Organization: 'organization' } as const;

export const userNodeId = (user: UserRow) => nodeId(NODE_KIND[user.type], user.id);

/** The address GitHub signs a user's web commits with when the user shows none. */
export const userEmail = (user: UserRow) => user.email ?? `${user.id}+${user.login}@users.noreply.github.com`;

export const avatarURL = (ctx: Context, user: UserRow) => `${ctx.html}/avatars/u/${user.id}?v=4`;

export function userURL(ctx: Context, user: UserRow): string {
  return user.type === 'Bot' ? `${ctx.html}/apps/${user.login.replace(/\[bot\]$/, '')}` : `${ctx.html}/${user.login}`;
}

/** OpenAPI `simple-user`. */
export function renderUser(ctx: Context, user: UserRow) {
  const url = `${ctx.api}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: userNodeId(user),
    avatar_url: avatarURL(ctx, user),
    gravatar_id: '',
    url,
    html_url: userURL(ctx, user),
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  };
}

export function renderUserById(ctx: Context, id: number | null) {
  const user = id === null ? undefined : ctx.store.users.get(id);
  return user === undefined ? null : renderUser(ctx, user);
}

/** OpenAPI `public-user`: what others and the user see at /user and /users/{login}. */
export function renderFullUser(ctx: Context, user: UserRow) {
  return {
    ...renderUser(ctx, user),
    name: user.name,
    company: null,
    blog: '',
    location: null,
    email: user.email,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: ctx.store.repositories
      .find({ ownerId: user.id, private: false })
      .filter(({ deletedAt }) => !deletedAt).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: user.createdAt,
    updated_at: user.createdAt,
  };
}

/** `organization-simple`, as webhooks of an organisation's repositories carry it. */
export function renderOrganization(ctx: Context, user: UserRow) {
  const url = `${ctx.api}/orgs/${user.login}`;
  return {
    login: user.login,
    id: user.id,
    node_id: userNodeId(user),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: avatarURL(ctx, user),
    description: '',
  };
}

export const clientId = (app: AppRow) => `Iv1.${app.id.toString(16).padStart(16, '0')}`;

const APP_PERMISSIONS = {
  checks: 'write',
  contents: 'read',
  metadata: 'read',
  pull_requests: 'read',
  statuses: 'write',
};

/** OpenAPI `integration`: a GitHub App. */
export function renderApp(ctx: Context, app: AppRow) {
  const owner = ctx.store.users.get(app.ownerId)!;
  return {
    id: app.id,
    client_id: clientId(app),
    slug: app.slug,
    node_id: nodeId('app', app.id),
    owner: renderUser(ctx, owner),
    name: app.name,
    description: null,
    external_url: `${ctx.html}/apps/${app.slug}`,
    html_url: `${ctx.html}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: app.permissions ?? APP_PERMISSIONS,
    events: [],
  };
}
