import { Ajv, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';

const ajv = new Ajv({ strict: false });
const compiled = new WeakMap<TSchema, ValidateFunction>();

/** What is wrong with `value`, with its place; undefined where it fits. */
function misfit(schema: TSchema, value: unknown): string | undefined {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return undefined;
  const [first] = validate.errors ?? [];
  return `${first?.instancePath || '/'} ${first?.message ?? 'is invalid'}`;
}

/** Parses and checks in one step. Throws an Error whose message says what is wrong and never repeats what was sent. */
export function parsed<T>(schema: TSchema, bytes: Buffer): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('it is not JSON');
  }
  const fault = misfit(schema, value);
  if (fault !== undefined) throw new Error(`it does not fit the protocol at ${fault}`);
  return value as T;
}
