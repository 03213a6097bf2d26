import type { Hono } from 'hono';
import { type Static, Type } from 'typebox';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Meter } from '../rest/index.ts';
import type { FaultRow, LimitRow } from '../store/index.ts';
import { json } from './body.ts';

const optional = Type.Optional;
const Count = Type.Integer({ minimum: 0 });
const Fraction = Type.Number({ minimum: 0, maximum: 1 });
const MAX_DELAY_MS = 600_000;
const DelayMs = Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS });
const Fault = Type.Object(
  {
    kind: Type.Enum(['status', 'secondary', 'cut', 'drop', 'delay', 'late', 'stale']),
    operation: optional(Type.String({ minLength: 1 })),
    login: optional(Type.String()),
    skip: optional(Count),
    times: optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
    probability: optional(Fraction),
    seed: optional(Type.Integer()),
    status: optional(Type.Integer({ minimum: 400, maximum: 599 })),
    retryAfterSeconds: optional(Type.Union([Count, Type.Null()])),
    delayMs: optional(DelayMs),
    ageSeconds: optional(Count),
  },
  { additionalProperties: false },
);
const Limit = Type.Object(
  {
    login: optional(Type.String()),
    core: optional(Count),
    graphql: optional(Count),
    windowSeconds: optional(Type.Integer({ minimum: 1 })),
    status: optional(Type.Enum([403, 429])),
    writesPerMinute: optional(Type.Union([Count, Type.Null()])),
  },
  { additionalProperties: false },
);
const WebhookFaults = Type.Object(
  {
    seed: optional(Type.Integer()),
    drop: optional(Fraction),
    duplicate: optional(Fraction),
    reorder: optional(Fraction),
    delay: optional(Fraction),
    maxDelayMs: optional(DelayMs),
    retrySeconds: optional(Type.Array(Type.Number({ minimum: 0 }), { maxItems: 20 })),
  },
  { additionalProperties: false },
);

/** Failures, limits and the meter: how a test makes the forge as unkind as the real one is on a bad day. */
export function faultRoutes(app: Hono, ctx: Context, meter: Meter): void {
  app.get('/faults', (c) => c.json(ctx.store.faults.find()));
  app.post('/faults', async (c) => c.json(ctx.store.faults.insert(faultOf(await json(c, Fault))), 201));
  app.delete('/faults', (c) => {
    for (const { id } of ctx.store.faults.find()) ctx.store.faults.delete(id);
    return c.body(null, 204);
  });
  app.delete('/faults/:id', (c) => {
    const id = Number(c.req.param('id'));
    if (ctx.store.faults.get(id) === undefined) throw new Refusal(404, 'No such fault; it may have been used up');
    ctx.store.faults.delete(id);
    return c.body(null, 204);
  });
  app.put('/limits', async (c) => c.json(setLimit(ctx, limitOf(await json(c, Limit)))));
  app.delete('/limits', (c) => {
    for (const { id } of ctx.store.limits.find()) ctx.store.limits.delete(id);
    return c.body(null, 204);
  });
  app.get('/requests', (c) => c.json(meter.totals));
  app.delete('/requests', (c) => {
    meter.reset(c.req.query('windows') === 'true');
    return c.body(null, 204);
  });
  webhookRoutes(app, ctx);
}

function webhookRoutes(app: Hono, ctx: Context): void {
  const clear = () => {
    for (const { id } of ctx.store.webhookFaults.find()) ctx.store.webhookFaults.delete(id);
  };
  app.put('/deliveries/faults', async (c) => {
    const wanted = await json(c, WebhookFaults);
    const calm = { seed: 1, drop: 0, duplicate: 0, reorder: 0, delay: 0, maxDelayMs: 1000, retrySeconds: null };
    return ctx.store.transaction(() => {
      clear();
      return c.json(ctx.store.webhookFaults.insert({ ...calm, ...wanted }));
    });
  });
  app.delete('/deliveries/faults', (c) => {
    clear();
    ctx.wakeSender();
    return c.body(null, 204);
  });
}

function faultOf(wanted: Static<typeof Fault>): Omit<FaultRow, 'id'> {
  return {
    kind: wanted.kind,
    operation: wanted.operation ?? '*',
    login: wanted.login ?? null,
    skip: wanted.skip ?? 0,
    times: wanted.times === undefined ? 1 : wanted.times,
    probability: wanted.probability ?? 1,
    seed: wanted.seed ?? 1,
    seen: 0,
    status: wanted.status ?? 500,
    retryAfterSeconds: wanted.retryAfterSeconds === undefined ? 60 : wanted.retryAfterSeconds,
    delayMs: wanted.delayMs ?? 1000,
    ageSeconds: wanted.ageSeconds ?? 60,
  };
}

function limitOf(wanted: Static<typeof Limit>): Omit<LimitRow, 'id'> {
  return {
    login: wanted.login ?? null,
    core: wanted.core ?? 5000,
    graphql: wanted.graphql ?? 5000,
    windowSeconds: wanted.windowSeconds ?? 3600,
    status: wanted.status ?? 403,
    writesPerMinute: wanted.writesPerMinute ?? null,
  };
}

function setLimit(ctx: Context, limit: Omit<LimitRow, 'id'>): LimitRow {
  return ctx.store.transaction(() => {
    const found = ctx.store.limits.find().find(({ login }) => login === limit.login);
    return found === undefined ? ctx.store.limits.insert(limit) : ctx.store.limits.update(found.id, limit);
  });
}
