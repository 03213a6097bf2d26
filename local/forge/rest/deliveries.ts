import { notFound } from '../refusal.ts';
import { renderDelivery, renderFullDelivery } from '../render/index.ts';
import type { DeliveryRow, HookRow } from '../store/index.ts';
import { redeliver } from '../webhooks/index.ts';
import { type Answer, ok } from './answer.ts';
import type { Call } from './call.ts';
import type { Routes } from './server.ts';

/** The deliveries of a webhook under its address: the list, one of them, and one sent again. `hookOf` refuses who may not see them. */
export const deliveryRoutes = (at: string, hookOf: (call: Call) => HookRow): Routes => ({
  [`GET ${at}/deliveries`]: (call) => list(call, hookOf(call)),
  [`GET ${at}/deliveries/{delivery_id}`]: (call) => {
    const hook = hookOf(call);
    return ok(renderFullDelivery(delivery(call, hook), hook));
  },
  [`POST ${at}/deliveries/{delivery_id}/attempts`]: (call) => {
    const hook = hookOf(call);
    redeliver(call.ctx, delivery(call, hook), hook);
    return { status: 202, body: {} };
  },
});

function delivery(call: Call, { id }: HookRow): DeliveryRow {
  const found = call.ctx.store.deliveries.get(call.id('delivery_id'));
  if (found === undefined || found.hookId !== id) throw notFound();
  return found;
}

/** Newest first; pages by the cursor of the Link header, as GitHub does here and for a repository's activity alone. */
function list(call: Call, { id: hookId }: HookRow): Answer {
  const { perPage } = call.page;
  const cursor = Number(call.query('cursor') ?? Number.NaN);
  const where = { hookId, ...(Number.isInteger(cursor) ? { id: { lt: cursor } } : {}) };
  const rows = call.ctx.store.deliveries.find(where, { descending: true, limit: perPage + 1 });
  const page = rows.slice(0, perPage);
  if (rows.length <= perPage) return ok(page.map(renderDelivery));
  const next = new URL(call.url);
  next.searchParams.set('cursor', String(page.at(-1)!.id));
  return { status: 200, body: page.map(renderDelivery), headers: { link: `<${next.href}>; rel="next"` } };
}
