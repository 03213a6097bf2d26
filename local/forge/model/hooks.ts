import { type Context, now } from '../context.ts';
import { invalid } from '../refusal.ts';
import { renderHook } from '../render/index.ts';
import type { HookRow, RepositoryRow, UserRow } from '../store/index.ts';
import { queueDelivery, renderPayload } from '../webhooks/index.ts';

const ZEN = 'Half measures are as bad as nothing at all.';

export interface HookFields {
  readonly url?: string;
  readonly contentType?: HookRow['contentType'];
  readonly insecureSsl?: string;
  readonly secret?: string | null;
  readonly events?: readonly string[];
  readonly active?: boolean;
}

/** Creates a hook and pings it. 422 for a second hook with the same URL. */
export function createHook(ctx: Context, repo: RepositoryRow, creator: UserRow, fields: HookFields): HookRow {
  const url = checkedURL(fields.url);
  const twin = ctx.store.hooks.find({ repoId: repo.id }).some((hook) => hook.url === url);
  if (twin) throw invalid('Hook', 'url', 'custom', 'Hook already exists on this repository');
  return ctx.store.transaction(() => {
    const at = now(ctx);
    const hook = ctx.store.hooks.insert({
      repoId: repo.id,
      url,
      contentType: fields.contentType ?? 'form',
      insecureSsl: fields.insecureSsl ?? '0',
      secret: fields.secret ?? null,
      events: [...(fields.events ?? ['push'])],
      active: fields.active ?? true,
      createdAt: at,
      updatedAt: at,
      lastStatusCode: null,
    });
    pingHook(ctx, repo, hook, creator);
    return hook;
  });
}

export function updateHook(ctx: Context, hook: HookRow, fields: HookFields): HookRow {
  return ctx.store.hooks.update(hook.id, {
    url: fields.url === undefined ? hook.url : checkedURL(fields.url),
    contentType: fields.contentType ?? hook.contentType,
    insecureSsl: fields.insecureSsl ?? hook.insecureSsl,
    secret: fields.secret === undefined ? hook.secret : fields.secret,
    events: [...(fields.events ?? hook.events)],
    active: fields.active ?? hook.active,
    updatedAt: now(ctx),
  });
}

export function deleteHook(ctx: Context, hook: HookRow): void {
  ctx.store.transaction(() => {
    for (const delivery of ctx.store.deliveries.find({ hookId: hook.id })) ctx.store.deliveries.delete(delivery.id);
    ctx.store.hooks.delete(hook.id);
  });
}

export function pingHook(ctx: Context, repo: RepositoryRow, hook: HookRow, sender: UserRow): void {
  const fields = { zen: ZEN, hook_id: hook.id, hook: renderHook(ctx, repo, hook) };
  const payload = renderPayload(ctx, repo, { event: 'ping', sender, fields });
  queueDelivery(ctx, hook, { event: 'ping', action: null, payload });
}

function checkedURL(url: string | undefined): string {
  const parsed = url === undefined ? null : URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw invalid('Hook', 'url');
  return parsed.href;
}
