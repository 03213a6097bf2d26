import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { parse } from 'yaml';

const Texts = Type.Array(Type.String({ minLength: 1 }));
const Count = Type.Integer({ minimum: 0 });

const When = Type.Object(
  {
    /** The `Task kind:` of the system prompt. */
    kind: Type.Optional(Type.String()),
    /** Texts that must all, or must not, occur anywhere in the request: prompts, answers so far, inputs and results of tools. */
    contains: Type.Optional(Texts),
    notContains: Type.Optional(Texts),
    /** Tool whose result ends the request; `none` where the request ends without one. */
    lastTool: Type.Optional(Type.String()),
    lastToolResultContains: Type.Optional(Texts),
    lastToolResultNotContains: Type.Optional(Texts),
    toolCallsSoFar: Type.Optional(
      Type.Union([
        Count,
        Type.Object({ min: Type.Optional(Count), max: Type.Optional(Count) }, { additionalProperties: false }),
      ]),
    ),
  },
  { additionalProperties: false },
);

const Answer = Type.Object(
  {
    text: Type.Optional(Type.String()),
    toolUse: Type.Optional(
      Type.Array(
        Type.Object(
          { name: Type.String(), input: Type.Record(Type.String(), Type.Unknown()) },
          { additionalProperties: false },
        ),
      ),
    ),
  },
  { additionalProperties: false },
);

const Step = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    when: When,
    answer: Answer,
    /** The answer is given once this file exists: somebody outside decides when the agent goes on. */
    holdUntil: Type.Optional(Type.String({ pattern: '^/' })),
    usage: Type.Optional(
      Type.Object(
        { input: Count, output: Count, cacheRead: Type.Optional(Count), cacheWrite: Type.Optional(Count) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Step = Static<typeof Step>;

const File = Type.Object({ steps: Type.Array(Step, { minItems: 1 }) }, { additionalProperties: false });
/** Steps in order; the first that fits a request answers it, however often it is asked. */
export type Replay = Static<typeof File>;

/** A replay that cannot be used; the message says what, where, and what to do. */
export class ReplayError extends Error {
  override name = 'ReplayError';
  readonly code = 'BadReplay';
}

const validate = new Ajv({ strict: false }).compile(File);

/** Reads a replay from YAML; `where` names it in errors. Throws {@link ReplayError}. */
export function readReplay(text: string, where: string): Replay {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new ReplayError(`The replay ${where} is not valid YAML: ${(cause as Error).message.split('\n')[0]}`, {
      cause,
    });
  }
  if (!validate(value)) {
    const [first] = validate.errors ?? [];
    const extra = first?.params.additionalProperty as string | undefined;
    const what = extra === undefined ? first?.message : `must not have the key ${extra}`;
    throw new ReplayError(
      `The replay ${where} is wrong at ${first?.instancePath || 'its top'}: it ${what}; correct the file.`,
    );
  }
  const replay = value as Replay;
  const names = replay.steps.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ReplayError(`The replay ${where} has two steps named ${twice}; name each step once.`);
  return replay;
}
