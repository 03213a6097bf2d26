import { type Static, type TSchema, Type } from 'typebox';

/** Bounds of what a task may send: a model's output is hostile input. */
const text = (maxLength: number) => Type.String({ maxLength });
const line = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const SHA = Type.String({ pattern: '^[0-9a-f]{40}$' });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** `epoch.sequence`: grows with every task of a lane; a call that names an older one is refused with 409 DeadFence. */
export const Fence = Type.String({ pattern: '^[0-9]+\\.[0-9]+$' });

export const Thread = Type.Object({
  id: line(256),
  path: text(4096),
  line: nullable(Type.Integer({ minimum: 1 })),
  resolved: Type.Boolean(),
  /** Whether a task may resolve or reopen it: a reviewer Agent opened it. What anybody else opened is theirs. */
  mayResolve: Type.Boolean(),
  comments: Type.Array(Type.Object({ author: text(256), body: text(65_536) }), { maxItems: 100 }),
});
export type Thread = Static<typeof Thread>;

const Model = Type.Object({
  provider: line(64),
  model: line(256),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  maxTokens: Type.Optional(Type.Integer({ minimum: 1 })),
});

const TaskKind = Type.Union([
  Type.Literal('implement'),
  Type.Literal('rework'),
  Type.Literal('review'),
  Type.Literal('prepare'),
  Type.Literal('plan'),
]);

/** What a task is asked to do: GET …/tasks/{name}. Title, body and comments in it are untrusted text. */
export const Assignment = Type.Object({
  task: Type.Object({
    namespace: line(63),
    name: line(63),
    uid: line(64),
    kind: TaskKind,
    attempt: Type.Integer({ minimum: 1 }),
    round: Type.Integer({ minimum: 1 }),
    fence: Fence,
    /** RFC 3339. */
    deadline: line(64),
  }),
  agent: Type.Object({
    name: line(63),
    role: line(32),
    character: text(65_536),
    /** By use; `default` is always there. */
    models: Type.Record(Type.String(), Model),
    caps: Type.Object({ perTaskUSD: nullable(Type.Number()), perSessionUSD: nullable(Type.Number()) }),
  }),
  issue: Type.Object({
    name: line(63),
    number: Type.Integer({ minimum: 1 }),
    /** How what the work can break is graded now, with its change where there is one. */
    tier: Type.Union([Type.Literal('T0'), Type.Literal('T1'), Type.Literal('T2'), Type.Literal('T3')]),
    url: nullable(text(2048)),
    title: text(1024),
    body: text(262_144),
    labels: Type.Array(text(256), { maxItems: 100 }),
    taskSpec: nullable(
      Type.Object({
        goal: Type.Optional(text(65_536)),
        acceptance: Type.Optional(Type.Array(text(4096))),
        interfaces: Type.Optional(Type.Array(text(4096))),
        files: Type.Optional(Type.Array(text(4096))),
      }),
    ),
  }),
  repository: Type.Object({ owner: line(256), name: line(256), defaultBranch: line(256) }),
  git: Type.Object({
    /** Path of the gateway below the conductor's URL; a smart-HTTP remote. */
    path: line(1024),
    branch: line(256),
    baseRef: line(256),
    /** Instructions and configuration are read from this commit, never from the branch. */
    baseSHA: SHA,
    /** Tip of the task's branch where it exists already; null before the first push. */
    branchSHA: nullable(SHA),
  }),
  /** Used where the base commit has no .rig-agent.yaml. */
  defaults: Type.Object({
    stack: Type.Optional(text(64)),
    testCommand: Type.Optional(text(4096)),
    buildCommand: Type.Optional(text(4096)),
  }),
  pullRequest: nullable(
    Type.Object({ number: Type.Integer({ minimum: 1 }), url: text(2048), headSHA: SHA, title: text(1024) }),
  ),
  /** Open threads first; for rework what must be answered, for review what was asked before. */
  threads: Type.Array(Thread, { maxItems: 500 }),
  /** Why a rework was asked: the reviewer's words, failing checks with the end of their output, a merge conflict. */
  feedback: Type.Array(
    Type.Object({
      source: Type.Union([Type.Literal('review'), Type.Literal('check'), Type.Literal('conflict')]),
      title: text(1024),
      body: text(65_536),
    }),
    {
      maxItems: 100,
    },
  ),
});
export type Assignment = Static<typeof Assignment>;

/** GET …/assignments/next: the task that an Agent which pulls its work does next. Asking again before it is started answers the same. */
export const NextAssignment = Type.Object({
  /** Path of the task's routes below the conductor's URL: exchange the credential at `<path>/token`, then read `<path>`. */
  path: line(1024),
  task: Type.Object({
    namespace: line(63),
    name: line(63),
    kind: TaskKind,
    attempt: Type.Integer({ minimum: 1 }),
    round: Type.Integer({ minimum: 1 }),
    fence: Fence,
    /** RFC 3339. */
    deadline: line(64),
  }),
  agent: line(253),
  /** RFC 3339: a task that nobody started by then is lost. Counted only while a conductor has been up that long. */
  startBy: line(64),
});
export type NextAssignment = Static<typeof NextAssignment>;

/** POST …/tasks/{name}/token by a client of an Agent that pulls its work. A pod sends no body. */
export const TokenRequest = Type.Object({
  /** What the client calls itself: the first that asks has the task, and may ask again. */
  client: Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$' }),
});
export type TokenRequest = Static<typeof TokenRequest>;

/** POST …/tasks/{name}/token: one token per audience, all bound to (namespace, task uid, fence, deadline). */
export const TokenResponse = Type.Object({
  tokens: Type.Object({ conductor: line(8192), proxy: line(8192), egress: line(8192) }),
  /** RFC 3339; the pod exchanges again before it. */
  expiresAt: line(64),
});
export type TokenResponse = Static<typeof TokenResponse>;

/** POST …/heartbeat, at least every 60 s. `cancel` asks the runtime to stop, report nothing and exit. */
export const HeartbeatResponse = Type.Object({ deadline: line(64), cancel: Type.Boolean() });
export type HeartbeatResponse = Static<typeof HeartbeatResponse>;

const Tokens = Type.Object({
  input: Type.Integer({ minimum: 0 }),
  output: Type.Integer({ minimum: 0 }),
  cacheRead: Type.Integer({ minimum: 0 }),
  cacheWrite: Type.Integer({ minimum: 0 }),
});

/** What a task may report: POST …/events. `id` makes a report idempotent within the task. */
export const TaskEvent = Type.Union([
  Type.Object({ id: line(64), type: Type.Literal('WORK_STARTED'), data: Type.Object({ model: text(256) }) }),
  Type.Object({
    id: line(64),
    type: Type.Literal('TASK_FINISHED'),
    data: Type.Object({
      result: Type.Union([Type.Literal('succeeded'), Type.Literal('failed')]),
      /** PascalCase cause, e.g. Delivered, VerdictGiven, TestsFailed, ModelUnavailable. */
      reason: Type.String({ pattern: '^[A-Z][A-Za-z0-9]{0,63}$' }),
      message: text(4096),
      tokens: Tokens,
    }),
  }),
  Type.Object({
    id: line(64),
    type: Type.Literal('AGENT_STUCK'),
    data: Type.Object({ evidence: text(8192), tokens: Tokens }),
  }),
  /** The agent needs a person: the question is posted on the issue. */
  Type.Object({
    id: line(64),
    type: Type.Literal('ESCALATED'),
    data: Type.Object({ question: text(8192), tokens: Tokens }),
  }),
  Type.Object({
    id: line(64),
    type: Type.Literal('GUARD_BLOCKED'),
    data: Type.Object({ command: text(4096), rule: text(256) }),
  }),
]);
export type TaskEvent = Static<typeof TaskEvent>;

export const EventsRequest = Type.Object({ events: Type.Array(TaskEvent, { minItems: 1, maxItems: 50 }) });
export type EventsRequest = Static<typeof EventsRequest>;

/** POST …/pull-request: the conductor writes title and body from these and opens or updates the one pull request of the branch. */
export const PullRequestRequest = Type.Object({
  title: line(256),
  what: text(16_384),
  why: text(16_384),
  proof: text(16_384),
  risk: text(16_384),
});
export type PullRequestRequest = Static<typeof PullRequestRequest>;
export const PullRequestResponse = Type.Object({ number: Type.Integer(), url: text(2048), headSHA: SHA });
export type PullRequestResponse = Static<typeof PullRequestResponse>;

/** POST …/comments on the issue or the pull request. `key` makes it idempotent within the task. */
export const CommentRequest = Type.Object({
  key: line(64),
  target: Type.Union([Type.Literal('issue'), Type.Literal('pull-request')]),
  body: line(65_536),
});
export type CommentRequest = Static<typeof CommentRequest>;
export const CommentResponse = Type.Object({ url: text(2048) });
export type CommentResponse = Static<typeof CommentResponse>;

/** POST …/verdict of a review task, once. It is submitted for AgentTask.headSHA and dropped if the head moved. */
export const VerdictRequest = Type.Object({
  verdict: Type.Union([Type.Literal('approve'), Type.Literal('request-changes')]),
  body: line(65_536),
  comments: Type.Array(Type.Object({ path: line(4096), line: Type.Integer({ minimum: 1 }), body: line(65_536) }), {
    maxItems: 100,
  }),
});
export type VerdictRequest = Static<typeof VerdictRequest>;
export const VerdictResponse = Type.Object({ submitted: Type.Boolean(), reason: nullable(text(256)) });
export type VerdictResponse = Static<typeof VerdictResponse>;

/** POST …/plan: how the task would do the work. It is posted on the issue, for a person to approve. */
export const PlanRequest = Type.Object({ text: line(32_768) });
export type PlanRequest = Static<typeof PlanRequest>;
export const PlanResponse = Type.Object({ url: text(2048), digest: line(128) });
export type PlanResponse = Static<typeof PlanResponse>;

/** POST …/threads: a rework resolves the reviewer's threads it has fixed, a review reopens what is not fixed. */
export const ThreadsRequest = Type.Object({
  resolve: Type.Array(Type.Object({ id: line(256), reply: text(16_384) }), { maxItems: 100 }),
  reopen: Type.Array(Type.Object({ id: line(256), reply: text(16_384) }), { maxItems: 100 }),
});
export type ThreadsRequest = Static<typeof ThreadsRequest>;
export const ThreadsResponse = Type.Object({ resolved: Type.Array(line(256)), reopened: Type.Array(line(256)) });
export type ThreadsResponse = Static<typeof ThreadsResponse>;

/** GET …/fence: asked by proxy, egress and memory before they serve a task. */
export const FenceResponse = Type.Object({ live: Type.Boolean(), fence: Fence });
export type FenceResponse = Static<typeof FenceResponse>;

/** GET …/egress: the fence's answer, and where the task's Repository lets it connect to, presets written out. Asked by egress. */
export const EgressResponse = Type.Object({
  live: Type.Boolean(),
  fence: Fence,
  /** Name of the Repository whose `spec.egress` this is. */
  repository: line(253),
  allow: Type.Array(line(272), { maxItems: 512 }),
});
export type EgressResponse = Static<typeof EgressResponse>;

/** Claims of a task token besides iss, aud, sub (`<namespace>/<task>`), iat and exp. Signed with EdDSA; keys at /v1/jwks. */
export interface TaskTokenClaims {
  readonly uid: string;
  readonly fence: string;
  readonly agent: string;
  readonly issue: string | null;
}
export const TASK_TOKEN_ISSUER = 'rig-conductor';
/** One per service that takes calls of tasks; a token for one is refused by the others. */
export const TASK_TOKEN_AUDIENCES = ['rig-conductor', 'rig-proxy', 'rig-egress'] as const;
export type TaskTokenAudience = (typeof TASK_TOKEN_AUDIENCES)[number];

/** One row of GET …/events: the log as readers see it, ascending by cursor. */
export const EventView = Type.Object({
  /** Opaque, resumable: `after=` and Last-Event-ID take it. */
  cursor: line(64),
  stream: line(64),
  subject: Type.Object({ kind: line(32), namespace: nullable(text(63)), name: text(253) }),
  version: Type.Integer({ minimum: 1 }),
  type: line(64),
  data: Type.Unknown(),
  meta: Type.Unknown(),
  at: line(64),
});
export type EventView = Static<typeof EventView>;
