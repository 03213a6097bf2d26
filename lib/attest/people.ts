import { type Static, type TSchema, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';
import { AttestError } from './error.ts';

const text = Type.String({ minLength: 1, maxLength: 512, pattern: '^[\\x21-\\x7e]+$' });
const word = Type.String({ minLength: 1, maxLength: 128 });

const Human = Type.Object(
  {
    issuer: text,
    subject: text,
    kind: Type.Optional(Type.Union([Type.Literal('email'), Type.Literal('uri')])),
    ids: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 16 })),
    logins: Type.Optional(Type.Array(word, { maxItems: 16 })),
    groups: Type.Optional(Type.Array(word, { maxItems: 16 })),
  },
  { additionalProperties: false },
);
const Machine = Type.Object({ issuer: text, subject: text }, { additionalProperties: false });
const Humans = Type.Object(
  { humans: Type.Array(Human, { maxItems: 256 }), fourEyes: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
const Machines = Type.Object({ machines: Type.Array(Machine, { maxItems: 256 }) }, { additionalProperties: false });

/** Somebody who may approve. */
export interface ListedHuman {
  readonly issuer: string;
  readonly subject: string;
  /** What the name is in their certificates. */
  readonly kind: 'email' | 'uri';
  readonly logins: readonly string[];
  /** Numbers of their accounts at the forge, which stay when a login is another. */
  readonly ids: readonly number[];
  readonly groups: readonly string[];
}

/** A workload whose word counts as a machine's, and never as a person's. */
export type ListedMachine = Static<typeof Machine>;

/** The people of a rig. `fourEyes` null: so where two or more are listed. */
export interface ListedPeople {
  readonly humans: readonly ListedHuman[];
  readonly fourEyes: boolean | null;
}

/** Reads `humans.yaml`. Throws {@link AttestError} `TrustUnreadable` with where and what; nobody is left out silently. */
export function readHumans(yaml: string): ListedPeople {
  const { humans, fourEyes = null } = read('humans.yaml', yaml, Humans);
  once('humans.yaml', 'humans', humans);
  const filled = humans.map(({ kind = 'email', logins = [], ids = [], groups = [], ...who }) => ({
    ...who,
    kind,
    logins,
    ids,
    groups,
  }));
  return { humans: filled, fourEyes };
}

/** Reads `machines.yaml`. Throws {@link AttestError} `TrustUnreadable`. */
export function readMachines(yaml: string): readonly ListedMachine[] {
  const { machines } = read('machines.yaml', yaml, Machines);
  once('machines.yaml', 'machines', machines);
  return machines;
}

function read<T extends TSchema>(file: string, yaml: string, schema: T): Static<T> {
  let value: unknown;
  try {
    // Twice the same member is an error to this parser, and an alias may not make much of little.
    value = parse(yaml, { maxAliasCount: 0, uniqueKeys: true });
  } catch (cause) {
    throw new AttestError('TrustUnreadable', `${file} is not YAML: ${firstLine(cause)}`, { cause });
  }
  if (Check(schema, value)) return value;
  const [error] = Errors(schema, value);
  const at = error?.instancePath || '/';
  throw new AttestError(
    'TrustUnreadable',
    `${file} cannot be read: ${at} ${error?.message ?? 'is not what is wanted'}.`,
  );
}

function once(file: string, list: string, entries: readonly { issuer: string; subject: string }[]): void {
  const seen = new Set<string>();
  for (const { issuer, subject } of entries) {
    const key = JSON.stringify([issuer, subject]);
    if (seen.has(key))
      throw new AttestError('TrustUnreadable', `${file} lists ${subject} of ${issuer} twice in ${list}.`);
    seen.add(key);
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
