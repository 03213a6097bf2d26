import { type Static, type TProperties, type TSchema, Type } from 'typebox';

/** What one call asks and answers. Both sides hold both to their schema: to either the other one is untrusted. */
export interface Call<A extends TSchema = TSchema, B extends TSchema = TSchema> {
  readonly ask: A;
  readonly answer: B;
  /** Ms the whole call may take; `run` takes the command's own time besides. */
  readonly timeoutMs: number;
}

/** Bytes of a request and of an answer, JSON escapes included. */
export const MAX_ASK = 8_388_608;
export const MAX_ANSWER = 4_194_304;
/** Characters of any text an answer shows to the model. */
export const MAX_TEXT = 64_000;
/** Characters of a command's output. */
export const MAX_OUTPUT = 30_000;
/** Paths in one list. */
export const MAX_PATHS = 1_000;
/** Seconds a command may run. */
export const MAX_SECONDS = 600;

const call = <A extends TSchema, B extends TSchema>(ask: A, answer: B, timeoutMs = 60_000): Call<A, B> => ({
  ask,
  answer,
  timeoutMs,
});
const closed = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false });
const text = (maxLength: number) => Type.String({ maxLength });
const line = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\n\\r\\0]+$' });
const Path = Type.String({ minLength: 1, maxLength: 4_096 });
const Absolute = Type.String({ maxLength: 4_096, pattern: '^/[^\\n\\0]*$' });
const Paths = Type.Array(Path, { maxItems: MAX_PATHS });
const SHA = Type.String({ pattern: '^[0-9a-f]{40}$' });
const Shown = closed({ text: text(MAX_TEXT) });
const Nothing = closed({});

/** Every call by name; `POST /v1/<name>`. */
export const CALLS = {
  /** Lays out a fresh worktree on `branch` at `start`, from the objects of the runtime's repository. First of all calls. */
  open: call(
    closed({
      branch: line(255),
      base: SHA,
      start: SHA,
      author: closed({ name: line(255), email: line(255) }),
      task: line(255),
    }),
    closed({ tree: Absolute, home: Absolute }),
    120_000,
  ),
  read: call(
    closed({ path: Path, from: Type.Integer({ minimum: 1 }), lines: Type.Integer({ minimum: 1, maximum: 800 }) }),
    closed({ text: text(MAX_TEXT), lines: Type.Integer({ minimum: 0 }) }),
  ),
  write: call(closed({ path: Path, content: text(1_048_576) }), Shown),
  edit: call(
    closed({ path: Path, old: Type.String({ minLength: 1, maxLength: 262_144 }), new: text(1_048_576) }),
    Shown,
  ),
  search: call(
    closed({
      pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
      path: Type.Optional(Path),
      glob: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
      ignoreCase: Type.Optional(Type.Boolean()),
    }),
    Shown,
  ),
  /** One shell command in the root of the worktree; `head` is the commit checked out after it. */
  run: call(
    closed({
      command: Type.String({ minLength: 1, maxLength: 16_384 }),
      seconds: Type.Integer({ minimum: 1, maximum: MAX_SECONDS }),
    }),
    closed({
      exitCode: Type.Union([Type.Integer(), Type.Null()]),
      timedOut: Type.Boolean(),
      output: text(MAX_TEXT),
      milliseconds: Type.Integer({ minimum: 0 }),
      head: SHA,
    }),
  ),
  git: call(closed({ action: Type.Union([Type.Literal('status'), Type.Literal('diff'), Type.Literal('log')]) }), Shown),
  /** Commits all that changed, with author and trailer of the task. `created` is false where nothing had changed. */
  commit: call(
    closed({ message: Type.String({ minLength: 1, maxLength: 16_384 }) }),
    closed({ head: SHA, created: Type.Boolean(), stat: text(MAX_TEXT) }),
  ),
  /** Takes back the newest commit and keeps its content in the files; a merge stays, since its parents would be lost. */
  uncommit: call(closed({ head: SHA }), Nothing),
  /** Starts a merge of the base; conflicts stay in the files as marks. */
  merge: call(Nothing, closed({ conflicts: Paths })),
  /** Paths that still hold the marks of a merge conflict. */
  marks: call(Nothing, closed({ paths: Paths })),
  /** A name of the worktree's whole content, committed or not, ignored files left out. */
  digest: call(Nothing, closed({ digest: SHA })),
} as const;

export type CallName = keyof typeof CALLS;
export type Ask<N extends CallName> = Static<(typeof CALLS)[N]['ask']>;
export type AnswerTo<N extends CallName> = Static<(typeof CALLS)[N]['answer']>;

/** `POST /v1/bundle` answers a stream: the commits of `head` that lead not to one of `have`, as a git bundle. */
export const BundleAsk = closed({ head: SHA, have: Type.Array(SHA, { minItems: 1, maxItems: 4 }) });
export type BundleAsk = Static<typeof BundleAsk>;

/** Status 422: the call cannot be done as asked. `Refused` is for the model, `GitFailed` git's own words. */
export const Refusal = closed({
  reason: Type.Union([Type.Literal('Refused'), Type.Literal('GitFailed')]),
  detail: Type.String({ minLength: 1, maxLength: 4_096 }),
});
export type Refusal = Static<typeof Refusal>;
