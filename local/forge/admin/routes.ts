import { timingSafeEqual } from 'node:crypto';
import { Hono, type Context as HonoContext } from 'hono';
import { Type } from 'typebox';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import {
  addToken,
  ensureRepository,
  followSource,
  makeToken,
  setCi,
  setDeployer,
  setPermission,
  upsertApp,
  upsertUser,
} from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import { renderFullRepository } from '../render/index.ts';
import { type Meter, refusalOf } from '../rest/index.ts';
import type { Attester } from '../runner/index.ts';
import { redeliver } from '../webhooks/index.ts';
import { appRoutes } from './apps.ts';
import { json, repositoryOf, userOf } from './body.ts';
import { Ci, ciOf, ciRoutes } from './ci.ts';
import { Deployer, deployerOf, deployerRoutes } from './deployer.ts';
import { faultRoutes } from './faults.ts';

const MAX_DELIVERIES = 200;
const optional = Type.Optional;

const Login = Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\\[bot\\])?$' });
const Token = Type.String({ minLength: 20, maxLength: 255, pattern: '^[A-Za-z0-9_-]+$' });
const RoleName = Type.Enum(['none', 'read', 'triage', 'write', 'maintain', 'admin']);
const User = Type.Object({
  login: Login,
  name: optional(Type.String()),
  email: optional(Type.String({ pattern: '^[^@\\s<>]+@[^@\\s<>]+$' })),
  type: optional(Type.Enum(['User', 'Bot', 'Organization'])),
  token: optional(Token),
});
const App = Type.Object({
  slug: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,33}$' }),
  name: optional(Type.String()),
  token: optional(Token),
});
const Repository = Type.Object({
  owner: Login,
  name: Type.String({ pattern: '^(?!\\.{1,2}$)(?!.*\\.git$)[A-Za-z0-9._-]{1,100}$' }),
  private: optional(Type.Boolean()),
  description: optional(Type.String()),
  defaultBranch: optional(Type.String()),
  source: optional(Type.Union([Type.Object({ path: Type.String() }), Type.Object({ bundle: Type.String() })])),
  collaborators: optional(Type.Record(Type.String(), RoleName)),
  ci: optional(Ci),
  deployer: optional(Deployer),
});
const Source = Type.Object({ source: Type.Object({ path: Type.String() }), login: Login });
const Collaborator = Type.Object({ permission: RoleName });

export interface AdminOptions {
  readonly adminToken: string;
  readonly meter: Meter;
  /** Null where the runner signs for nothing. */
  readonly attester: Attester | null;
}

/** The double's own API, apart from GitHub's: identities, repositories, deliveries. Only with the admin token. */
export function adminApp(ctx: Context, { adminToken, meter, attester }: AdminOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    const known =
      error instanceof ForgeError && error.code === 'ImportFailed' ? new Refusal(422, error.message) : error;
    const { status, body } = refusalOf(ctx, known, 'admin');
    return c.json(body as Record<string, unknown>, status as 422);
  });
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.use('*', async (c, next) => {
    if (!sameToken(c.req.header('authorization') ?? '', `Bearer ${adminToken}`)) {
      throw new Refusal(401, 'The admin API needs the admin token');
    }
    await next();
  });
  app.post('/users', (c) => postUser(ctx, c));
  app.post('/apps', (c) => postApp(ctx, c));
  app.post('/repositories', (c) => postRepository(ctx, c));
  app.put('/repositories/:owner/:name/collaborators/:login', async (c) => {
    const { permission } = await json(c, Collaborator);
    setPermission(ctx, repositoryOf(ctx, c), userOf(ctx, c.req.param('login')), permission);
    return c.body(null, 204);
  });
  app.post('/repositories/:owner/:name/follow', async (c) => {
    const { source, login } = await json(c, Source);
    const pusher = ctx.store.users.get(userOf(ctx, login))!;
    return c.json(await followSource(ctx, repositoryOf(ctx, c), pusher, source.path));
  });
  ciRoutes(app, ctx, attester);
  appRoutes(app, ctx);
  deployerRoutes(app, ctx);
  faultRoutes(app, ctx, meter);
  app.get('/deliveries', (c) => {
    const where = { event: c.req.query('event'), guid: c.req.query('guid') };
    const rows = ctx.store.deliveries.find(where, { descending: true, limit: MAX_DELIVERIES });
    return c.json(rows.map(({ payload, ...row }) => ({ ...row, payload: JSON.parse(payload) as unknown })));
  });
  app.post('/deliveries/:id/redeliver', (c) => {
    const delivery = ctx.store.deliveries.get(Number(c.req.param('id')));
    const hook = delivery && ctx.store.hooks.get(delivery.hookId);
    if (delivery === undefined || hook === undefined) throw new Refusal(404, 'No such delivery');
    redeliver(ctx, delivery, hook);
    return c.json({}, 202);
  });
  app.notFound(() => {
    throw new Refusal(404, 'The admin API has no such call; local/forge/README.md lists them');
  });
  return app;
}

async function postUser(ctx: Context, c: HonoContext): Promise<Response> {
  const { token, ...fields } = await json(c, User);
  const { user, created } = ctx.store.transaction(() => upsertUser(ctx, fields));
  const needsToken = created && fields.type !== 'Organization';
  const shown = grant(ctx, token ?? (needsToken ? makeToken('ghp') : undefined), user.id, null);
  return c.json({ id: user.id, login: user.login, type: user.type, ...shown }, created ? 201 : 200);
}

async function postApp(ctx: Context, c: HonoContext): Promise<Response> {
  const { slug, name, token } = await json(c, App);
  const { app, bot, created } = ctx.store.transaction(() => upsertApp(ctx, slug, name));
  const shown = grant(ctx, token ?? (created ? makeToken('ghs') : undefined), bot.id, app.id);
  return c.json({ id: app.id, slug, login: bot.login, ...shown }, created ? 201 : 200);
}

function grant(ctx: Context, token: string | undefined, userId: number, appId: number | null): { token?: string } {
  if (token === undefined) return {};
  if (!addToken(ctx, token, userId, appId)) throw new Refusal(409, 'This token belongs to someone else');
  return { token };
}

async function postRepository(ctx: Context, c: HonoContext): Promise<Response> {
  const { collaborators = {}, ci, deployer, source, ...fields } = await json(c, Repository);
  const people = Object.entries(collaborators).map(([login, role]) => ({ userId: userOf(ctx, login), role }));
  const from = source === undefined ? undefined : 'path' in source ? source.path : source.bundle;
  const { repo, created } = await ensureRepository(ctx, { ...fields, source: from });
  const current = ctx.store.transaction(() => {
    for (const { userId, role } of people) setPermission(ctx, repo, userId, role);
    if (ci !== undefined) setCi(ctx, repo, ciOf(ci));
    if (deployer !== undefined) setDeployer(ctx, repo, deployerOf(deployer));
    return ctx.store.repositories.get(repo.id)!;
  });
  return c.json(renderFullRepository(ctx, current, 'admin'), created ? 201 : 200);
}

function sameToken(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
