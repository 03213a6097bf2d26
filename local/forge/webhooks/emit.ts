import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';
import { covers, renderInstallationLink, renderOrigin, renderUser } from '../render/index.ts';
import type { DeliveryRow, HookRow, RepositoryRow, UserRow } from '../store/index.ts';
import { heldBack } from './faults.ts';

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
  const wanted = ctx.store.hooks.find({ repoId: repo.id, active: true }).filter((hook) => hears(hook, event));
  const content = { event: event.event, action: event.action ?? null };
  if (wanted.length > 0) {
    const payload = renderPayload(ctx, repo, event);
    for (const hook of wanted) queueDelivery(ctx, hook, { ...content, payload });
  }
  for (const hook of appHooks(ctx).filter((each) => hears(each, event))) {
    const row = ctx.store.installations.find({ appId: hook.appId }).find((each) => covers(each, repo));
    if (row === undefined || row.suspendedAt !== null) continue;
    const fields = { ...event.fields, installation: renderInstallationLink(row) };
    const payload = renderPayload(ctx, repo, { ...event, fields });
    queueDelivery(ctx, { ...hook, repoId: repo.id }, { ...content, payload });
  }
}

/** Tells an App, and nobody else, what happens to its installations: no repository's hook hears of it. */
export function emitToApp(ctx: Context, appId: number, event: ForgeEvent): void {
  const { action = null, sender, fields } = event;
  const payload = JSON.stringify({ action, ...fields, sender: renderUser(ctx, sender) });
  for (const hook of appHooks(ctx)) {
    if (hook.appId === appId) queueDelivery(ctx, hook, { event: event.event, action, payload });
  }
}

const appHooks = (ctx: Context): HookRow[] => ctx.store.hooks.find({ repoId: 0, active: true });

const hears = ({ events }: HookRow, { event }: ForgeEvent): boolean => events.includes('*') || events.includes(event);

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
  if (again.guid !== undefined) return delivery;
  const held = heldBack(ctx.store, delivery);
  return held === 0 ? delivery : ctx.store.deliveries.update(delivery.id, { dueAt: delivery.dueAt + held });
}

/** Sends a delivery once more under its GUID, as a row of its own. */
export function redeliver(ctx: Context, delivery: DeliveryRow, hook: HookRow): DeliveryRow {
  return queueDelivery(ctx, hook, delivery, { guid: delivery.guid });
}
