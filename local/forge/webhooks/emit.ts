import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';
import { renderOrigin, renderUser } from '../render/index.ts';
import type { DeliveryRow, HookRow, RepositoryRow, UserRow } from '../store/index.ts';

export interface ForgeEvent {
  readonly event: string;
  readonly action?: string;
  readonly sender: UserRow;
  /** The payload without action, repository, organization and sender. */
  readonly fields: Record<string, unknown>;
}

/**
 * Records one delivery per active hook of the repository that subscribes to the event. Called inside the transaction that makes the
 * change, so a delivery exists exactly if the change does; the sender starts after the commit.
 */
export function emit(ctx: Context, repo: RepositoryRow, event: ForgeEvent): void {
  const hooks = ctx.store.hooks.find({ repoId: repo.id, active: true });
  const wanted = hooks.filter((hook) => hook.events.includes('*') || hook.events.includes(event.event));
  if (wanted.length === 0) return;
  const payload = renderPayload(ctx, repo, event);
  for (const hook of wanted) queueDelivery(ctx, hook, { event: event.event, action: event.action ?? null, payload });
}

/** The JSON text that GitHub would send. */
export function renderPayload(ctx: Context, repo: RepositoryRow, event: ForgeEvent): string {
  const { action, sender, fields } = event;
  const origin = renderOrigin(ctx, ctx.store.repositories.get(repo.id) ?? repo);
  return JSON.stringify({
    ...(action === undefined ? {} : { action }),
    ...origin,
    sender: renderUser(ctx, sender),
    ...fields,
  });
}

export function queueDelivery(
  ctx: Context,
  hook: HookRow,
  content: { event: string; action: string | null; payload: string },
  again: { guid?: string; attempt?: number; dueAt?: number } = {},
): DeliveryRow {
  const delivery = ctx.store.deliveries.insert({
    hookId: hook.id,
    repoId: hook.repoId,
    guid: again.guid ?? randomUUID(),
    event: content.event,
    action: content.action,
    payload: content.payload,
    redelivery: again.guid !== undefined,
    attempt: again.attempt ?? 0,
    pendingHookId: hook.id,
    dueAt: again.dueAt ?? ctx.clock(),
    deliveredAt: null,
    durationSeconds: 0,
    statusCode: 0,
    requestHeaders: {},
    responseHeaders: {},
    responseBody: '',
  });
  ctx.store.afterCommit(() => ctx.wakeSender());
  return delivery;
}

/** Sends a delivery once more under its GUID, as a row of its own. */
export function redeliver(ctx: Context, delivery: DeliveryRow, hook: HookRow): DeliveryRow {
  return queueDelivery(ctx, hook, delivery, { guid: delivery.guid });
}
