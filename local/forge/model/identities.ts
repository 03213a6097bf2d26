import { createHash, randomBytes } from 'node:crypto';
import { type Context, now } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { AppRow, TokenRow, UserRow } from '../store/index.ts';
import type { Actor } from './actor.ts';

/** The account of the forge itself: owner of its own App. */
const FORGE_LOGIN = 'rig-forge';

export function findUser(ctx: Context, login: string): UserRow | undefined {
  return ctx.store.users.first({ loginKey: login.toLowerCase() });
}

/** The user of that login, created or with the given fields updated. */
export function upsertUser(
  ctx: Context,
  fields: { login: string; type?: UserRow['type']; name?: string | null; email?: string | null },
): { user: UserRow; created: boolean } {
  const email = fields.email?.toLowerCase();
  const found = findUser(ctx, fields.login);
  if (found !== undefined) {
    const changes = { name: fields.name ?? found.name, email: email ?? found.email };
    return { user: ctx.store.users.update(found.id, changes), created: false };
  }
  const user = ctx.store.users.insert({
    login: fields.login,
    loginKey: fields.login.toLowerCase(),
    type: fields.type ?? 'User',
    name: fields.name ?? null,
    email: email ?? null,
    createdAt: now(ctx),
  });
  return { user, created: true };
}

/** The App of that slug with its bot `slug[bot]`, created if needed. */
export function upsertApp(ctx: Context, slug: string, name = slug): { app: AppRow; bot: UserRow; created: boolean } {
  const { user: bot } = upsertUser(ctx, { login: `${slug}[bot]`, type: 'Bot' });
  const found = ctx.store.apps.first({ slug });
  if (found !== undefined) return { app: found, bot, created: false };
  const { user: owner } = upsertUser(ctx, { login: FORGE_LOGIN, type: 'Organization' });
  const app = ctx.store.apps.insert({ slug, name, userId: bot.id, ownerId: owner.id, createdAt: now(ctx) });
  return { app, bot, created: true };
}

/** A fresh token in GitHub's shape: `ghp_` for people, `ghs_` for installations. */
export function makeToken(prefix: 'ghp' | 'ghs'): string {
  return `${prefix}_${randomBytes(27).toString('base64url').replaceAll(/[-_]/g, 'x')}`;
}

/** Makes `token` valid for the user. Twice is safe; a token of someone else is refused with false. */
export function addToken(
  ctx: Context,
  token: string,
  userId: number,
  appId: number | null = null,
  limits: Pick<TokenRow, 'installationId' | 'expiresAt' | 'repoIds' | 'permissions'> = {},
): boolean {
  const hash = hashOf(token);
  const found = ctx.store.tokens.first({ hash });
  if (found !== undefined) return found.userId === userId;
  ctx.store.tokens.insert({ hash, userId, appId, ...limits });
  return true;
}

/**
 * Who a token belongs to; null for one that is unknown or has expired, 403 for one of a suspended installation. Tokens are looked up by
 * their SHA-256, so the time it takes tells nothing about any stored token.
 */
export function authenticate(ctx: Context, token: string): Actor | null {
  const found = ctx.store.tokens.first({ hash: hashOf(token) });
  const user = found && ctx.store.users.get(found.userId);
  if (found === undefined || user === undefined) return null;
  if (found.expiresAt !== undefined && found.expiresAt <= ctx.clock()) return null;
  const app = found.appId === null ? null : (ctx.store.apps.get(found.appId) ?? null);
  if (found.installationId === undefined) return { user, app };
  const row = ctx.store.installations.get(found.installationId);
  if (row === undefined) return null;
  if (row.suspendedAt !== null) throw new Refusal(403, 'This installation has been suspended');
  const permissions = found.permissions ?? row.permissions;
  return { user, app, installation: { row, repoIds: found.repoIds ?? null, permissions } };
}

export function revokeToken(ctx: Context, token: string): void {
  const found = ctx.store.tokens.first({ hash: hashOf(token) });
  if (found !== undefined) ctx.store.tokens.delete(found.id);
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');
