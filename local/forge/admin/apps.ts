import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Hono, Context as HonoContext } from 'hono';
import { Type } from 'typebox';
import { type Context, now } from '../context.ts';
import { addAppKey, findRepository, findUser, install, setSuspended, uninstall, upsertUser } from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import { renderInstallation } from '../render/index.ts';
import type { AppRow, InstallationRow } from '../store/index.ts';
import { json } from './body.ts';

const optional = Type.Optional;
const Permissions = Type.Record(Type.String(), Type.Enum(['read', 'write', 'admin']));
const Key = Type.Object({ publicKey: optional(Type.String()) });
const Webhook = Type.Object({
  url: Type.String({ pattern: '^https?://' }),
  secret: optional(Type.String()),
  events: optional(Type.Array(Type.String())),
});
const Installation = Type.Object({
  account: Type.String(),
  repositories: optional(Type.Array(Type.String())),
  permissions: optional(Permissions),
});
const KEY_BITS = 2048;

/** Keys, webhook and installations of Apps: what people do on GitHub's settings pages. */
export function appRoutes(app: Hono, ctx: Context): void {
  app.post('/apps/:slug/keys', (c) => postKey(ctx, c));
  app.put('/apps/:slug/webhook', (c) => putWebhook(ctx, c));
  app.post('/apps/:slug/installations', (c) => postInstallation(ctx, c));
  app.get('/installations/:id', (c) => c.json(renderInstallation(ctx, installation(ctx, c))));
  app.delete('/installations/:id', (c) => {
    uninstall(ctx, installation(ctx, c));
    return c.body(null, 204);
  });
  app.put('/installations/:id/suspended', (c) => {
    setSuspended(ctx, installation(ctx, c), true);
    return c.body(null, 204);
  });
  app.delete('/installations/:id/suspended', (c) => {
    setSuspended(ctx, installation(ctx, c), false);
    return c.body(null, 204);
  });
}

/** Takes the given public key; without one makes a pair and shows the private half this once. */
async function postKey(ctx: Context, c: HonoContext): Promise<Response> {
  const app = appOf(ctx, c);
  const { publicKey } = await json(c, Key);
  if (publicKey !== undefined) {
    addAppKey(ctx, app, publicKey);
    return c.json({ appId: app.id }, 201);
  }
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  addAppKey(ctx, app, pair.publicKey);
  return c.json({ appId: app.id, privateKey: pair.privateKey }, 201);
}

async function putWebhook(ctx: Context, c: HonoContext): Promise<Response> {
  const app = appOf(ctx, c);
  const { url, secret = null, events = ['*'] } = await json(c, Webhook);
  const at = now(ctx);
  const fields = { url, secret, events, active: true, updatedAt: at };
  const found = ctx.store.hooks.find({ repoId: 0 }).find(({ appId }) => appId === app.id);
  if (found !== undefined) ctx.store.hooks.update(found.id, fields);
  else {
    const rest = { contentType: 'json' as const, insecureSsl: '0', createdAt: at, lastStatusCode: null };
    ctx.store.hooks.insert({ ...fields, ...rest, repoId: 0, appId: app.id });
  }
  return c.body(null, 204);
}

async function postInstallation(ctx: Context, c: HonoContext): Promise<Response> {
  const app = appOf(ctx, c);
  const { account: login, repositories, permissions } = await json(c, Installation);
  const account = findUser(ctx, login) ?? upsertUser(ctx, { login, type: 'Organization' }).user;
  const repoIds = (repositories ?? []).map((name) => {
    const repo = findRepository(ctx, login, name);
    if (repo === undefined) throw new Refusal(422, `There is no repository ${login}/${name}`);
    return repo.id;
  });
  const known = ctx.store.installations.first({ appId: app.id, accountId: account.id }) !== undefined;
  const selection = repositories === undefined ? ('all' as const) : ('selected' as const);
  const row = install(ctx, app, account, { selection, repoIds, permissions });
  return c.json(renderInstallation(ctx, row), known ? 200 : 201);
}

function appOf(ctx: Context, c: HonoContext): AppRow {
  const slug = c.req.param('slug') ?? '';
  const found = ctx.store.apps.first({ slug });
  if (found === undefined) throw new Refusal(404, `There is no App ${slug}; create it first`);
  return found;
}

function installation(ctx: Context, c: HonoContext): InstallationRow {
  const found = ctx.store.installations.get(Number(c.req.param('id')));
  if (found === undefined) throw new Refusal(404, 'No such installation');
  return found;
}
