import { type TSchema, Type } from 'typebox';
import { EventView } from './schema.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const dependency = Type.Object({ name: Type.String(), state: Type.String(), why: Type.String() });

/** Every refusal, as a problem document (RFC 9457). */
export const Problem = Type.Object({
  type: Type.Literal('about:blank'),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  title: Type.String(),
  /** PascalCase cause. */
  reason: Type.String({ pattern: '^[A-Z][A-Za-z0-9]{0,63}$' }),
  /** One sentence for a person. */
  detail: Type.String(),
});

/** The answer of a call that has nothing to tell. */
export const Empty = Type.Object({}, { additionalProperties: false });

export const HealthResponse = Type.Object({ ok: Type.Boolean() });
export const DeepHealthResponse = Type.Object({ ok: Type.Boolean(), dependencies: Type.Array(dependency) });
/** GET /readyz: one sentence for each thing that is missing. */
export const ReadyResponse = Type.Object({ ok: Type.Boolean(), waitingFor: Type.Array(Type.String()) });
/** GET /v1/jwks (RFC 7517). */
export const KeysResponse = Type.Object({
  keys: Type.Array(
    Type.Object({
      kty: Type.Literal('OKP'),
      crv: Type.Literal('Ed25519'),
      kid: Type.String(),
      x: Type.String(),
      alg: Type.Literal('EdDSA'),
      use: Type.Literal('sig'),
    }),
  ),
});

const IssueView = Type.Object({
  name: Type.String(),
  repository: Type.String(),
  number: nullable(Type.Integer()),
  title: Type.String(),
  priority: Type.String(),
  phase: Type.String(),
  tier: nullable(Type.String()),
  why: nullable(Type.String()),
  assignedTo: nullable(Type.Unknown()),
  attempts: Type.Integer({ minimum: 0 }),
  pullRequest: nullable(Type.Unknown()),
  gates: Type.Array(Type.Unknown()),
  /** RFC 3339. */
  createdAt: Type.Optional(Type.String()),
});
/** GET …/issues, by name; `after` continues the listing and is null at its end. */
export const IssuesResponse = Type.Object({ issues: Type.Array(IssueView), after: nullable(Type.String()) });

/** GET …/queue, in the order in which it is served; times are RFC 3339. */
export const QueueResponse = Type.Object({
  queue: Type.Array(
    Type.Object({
      issue: Type.String(),
      priority: Type.Integer(),
      filedAt: Type.String(),
      enqueuedAt: Type.String(),
      message: Type.String(),
    }),
  ),
});

export const AgentsResponse = Type.Object({
  agents: Type.Array(
    Type.Object({
      name: Type.String(),
      role: Type.String(),
      model: nullable(Type.String()),
      concurrency: Type.Integer(),
      running: Type.Integer({ minimum: 0 }),
      suspended: Type.Boolean(),
      ready: Type.Boolean(),
    }),
  ),
});

/** GET …/events, oldest first; `after` is the cursor to go on from. */
export const EventsResponse = Type.Object({ events: Type.Array(EventView), after: Type.String() });
