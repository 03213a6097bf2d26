import { avatarURL, userNodeId, userURL } from '../../render/index.ts';
import type { AppRow } from '../../store/index.ts';
import { nodeId } from '../../store/index.ts';
import type { Fields, UserNode } from '../nodes.ts';

/** GraphQL names a bot without the suffix that REST gives it. */
const login = ({ user }: UserNode) => user.login.replace(/\[bot\]$/, '');

const actor: Fields<UserNode> = {
  id: ({ user }) => userNodeId(user),
  databaseId: ({ user }) => user.id,
  login,
  avatarUrl: ({ user }, _, { ctx }) => avatarURL(ctx, user),
  url: ({ user }, _, { ctx }) => userURL(ctx, user),
  resourcePath: ({ user }, _, { ctx }) => userURL(ctx, user).slice(ctx.html.length),
  createdAt: ({ user }) => user.createdAt,
  updatedAt: ({ user }) => user.createdAt,
};

const person: Fields<UserNode> = {
  ...actor,
  name: ({ user }) => user.name,
  email: ({ user }) => user.email ?? '',
};

export const actors = {
  User: { ...person, isViewer: ({ user }: UserNode, _: unknown, request) => request.actor.user.id === user.id },
  Bot: actor,
  Organization: { ...person, description: () => null },
} satisfies Record<string, Fields<UserNode>>;

export const App: Fields<AppRow> = {
  id: (app) => nodeId('app', app.id),
  databaseId: (app) => app.id,
  slug: (app) => app.slug,
  name: (app) => app.name,
  url: (app, _, { ctx }) => `${ctx.html}/apps/${app.slug}`,
  createdAt: (app) => app.createdAt,
  updatedAt: (app) => app.createdAt,
};
