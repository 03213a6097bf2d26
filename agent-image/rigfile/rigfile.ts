import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { parse, YAMLParseError } from 'yaml';
import { TaskFailure } from '../failure.ts';

/** Its path in the repository; only the base commit's counts. */
export const RIGFILE = '.rig-agent.yaml';

const Schema = Type.Object(
  {
    stack: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    testCommand: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    buildCommand: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    /** Names of the tools the model gets; all of its task kind where absent. `ask` and those that end a task always stay. */
    tools: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 50 })),
    /** When to ask a person, each in a sentence. */
    escalate: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { maxItems: 50 })),
  },
  { additionalProperties: false },
);

/** What a repository tells its agents. */
export type Rigfile = Static<typeof Schema>;

const validate = new Ajv({ strict: false }).compile(Schema);

/**
 * Reads `.rig-agent.yaml`; an absent or empty file says nothing and is fine. Throws TaskFailure `BadRigfile` whose message names the
 * file, the commit, the place in it and what to do.
 */
export function parseRigfile(text: string | undefined, commit: string): Rigfile {
  const where = `${RIGFILE} at ${commit.slice(0, 12)}`;
  let value: unknown;
  try {
    value = parse(text ?? '', { maxAliasCount: 10 }) ?? {};
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
    throw bad(`${where} is not valid YAML${line === undefined ? '' : ` at line ${line}`}`, cause);
  }
  if (validate(value)) return value as Rigfile;
  const [first] = validate.errors ?? [];
  const extra = first?.params.additionalProperty as string | undefined;
  const place = extra === undefined ? (first?.instancePath ?? '').slice(1).replaceAll('/', '.') : '';
  const what = extra === undefined ? (first?.message ?? 'is invalid') : `has the unknown key ${extra}`;
  throw bad(`${where} ${place === '' ? what : `is wrong at ${place}: it ${what}`}`);
}

function bad(what: string, cause?: unknown): TaskFailure {
  const known = Object.keys(Schema.properties).join(', ');
  return new TaskFailure(
    'BadRigfile',
    `${what}; correct the file on the default branch (its keys are ${known}) and start the issue again.`,
    { cause },
  );
}
