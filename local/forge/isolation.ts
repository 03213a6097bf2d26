import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { ForgeError } from './errors.ts';
import { type Isolation, Wall } from './runner/index.ts';

const Refused = Type.Object({ refused: Type.String({ minLength: 1 }) }, { additionalProperties: false });

/**
 * What `--ci-isolation` says: `none`, or as JSON a wall, or why nothing runs. Nothing said is nothing run. Throws ForgeError `BadOptions` for anything
 * else: a wall that was meant and misspelt is none.
 */
export function readIsolation(text: string | undefined): Isolation | undefined {
  if (text === undefined || text === 'none') return text;
  const value = parsed(text);
  if (Check(Wall, value) || Check(Refused, value)) return value;
  throw new ForgeError(
    'BadOptions',
    `--ci-isolation must be none, or as JSON {program, userNamespace, readable, hidden, network} or {refused}; not ${text}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
