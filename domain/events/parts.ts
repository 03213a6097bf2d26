import { type TProperties, type TSchema, Type } from 'typebox';

/** Building blocks of event data. Strings are bounded: what reaches the log is stored for good. */
export const sha = Type.String({ pattern: '^[0-9a-f]{40}$' });
export const name = Type.String({ minLength: 1, maxLength: 253 });
const SENTENCE = 8_192;
/** UTF-16 units of a plan. */
export const PLAN_LIMIT = 32_768;
export const sentence = Type.String({ maxLength: SENTENCE });
export const reason = Type.String({ pattern: '^[A-Z][A-Za-z0-9]{0,63}$' });
export const count = Type.Integer({ minimum: 0 });
export const ordinal = Type.Integer({ minimum: 1 });
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const actor = Type.Object({
  id: Type.Integer(),
  login: Type.String({ maxLength: 256 }),
  kind: Type.Union([Type.Literal('user'), Type.Literal('bot')]),
});
/** A user of the cluster, as its API server names one. */
export const user = Type.String({ minLength: 1, maxLength: 1_024 });
/** `epoch.sequence`. */
export const fence = Type.String({ pattern: '^[0-9]+\\.[0-9]+$' });
export const tier = Type.Union([Type.Literal('T0'), Type.Literal('T1'), Type.Literal('T2'), Type.Literal('T3')]);
/** What an Agent is trusted with: never T3. */
export const ceiling = Type.Union([Type.Literal('T0'), Type.Literal('T1'), Type.Literal('T2')]);
export const taskKind = Type.Union([
  Type.Literal('implement'),
  Type.Literal('rework'),
  Type.Literal('review'),
  Type.Literal('prepare'),
  Type.Literal('plan'),
]);
export const lane = Type.Union([Type.Literal('work'), Type.Literal('review')]);
/** What a person may ask of an issue; `unhold` takes a hold back. */
export const command = Type.Union([
  Type.Literal('retry'),
  Type.Literal('cancel'),
  Type.Literal('hold'),
  Type.Literal('unhold'),
  Type.Literal('review'),
  Type.Literal('tier'),
  Type.Literal('reopen'),
]);
export const tokens = Type.Object({ input: count, output: count, cacheRead: count, cacheWrite: count });
export const agent = Type.Object({ name, uid: Type.String({ maxLength: 64 }) });

/** A sentence that fits into an event, or into `limit` UTF-16 units: what was put together from others' words may be too long. */
export function clip(text: string, limit = SENTENCE): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}

/** An Issue's wish as the rules see it: defaults filled in, names resolved, nothing that a program adds. */
export const issueSpec = Type.Object({
  repository: name,
  number: nullable(ordinal),
  title: Type.String({ maxLength: 1_024 }),
  body: Type.String({ maxLength: 262_144 }),
  labels: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 100 }),
  source: Type.Union([
    Type.Literal('webhook'),
    Type.Literal('discord'),
    Type.Literal('kubectl'),
    Type.Literal('agent'),
  ]),
  tier: nullable(tier),
  taskClass: nullable(Type.String({ maxLength: 63 })),
  priority: Type.Union([Type.Literal('critical'), Type.Literal('high'), Type.Literal('normal'), Type.Literal('low')]),
  parent: nullable(name),
  dependsOn: Type.Array(name, { maxItems: 64 }),
  taskSpec: nullable(
    Type.Object({
      goal: Type.Optional(Type.String({ maxLength: 65_536 })),
      acceptance: Type.Optional(Type.Array(Type.String({ maxLength: 4_096 }))),
      interfaces: Type.Optional(Type.Array(Type.String({ maxLength: 4_096 }))),
      files: Type.Optional(Type.Array(Type.String({ maxLength: 4_096 }))),
    }),
  ),
  suspend: Type.Boolean(),
});

/** An event type: what its data holds, the schema's version, and one sentence of what it says happened. */
export function event<P extends TProperties>(says: string, properties: P) {
  return { schema: 1, says, data: Type.Object(properties, { additionalProperties: false }) };
}
