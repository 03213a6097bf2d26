import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Context } from 'hono';
import type { Static, TSchema } from 'typebox';
import { HttpError, readBounded } from '#lib/http';

const MAX_BODY = 4 * 1024 * 1024;

/** Reads and checks JSON bodies; validators are compiled once. */
export class Bodies {
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #validators = new Map<TSchema, ValidateFunction>();

  /** Throws HttpError: 413 over 4 MiB, 400 for what is no JSON, 422 with path and rule for what does not fit. */
  async read<S extends TSchema>(context: Context, schema: S): Promise<Static<S>> {
    return this.#check(await readBounded(context.req.raw, MAX_BODY), schema);
  }

  /** {@link read} where there is a body; undefined where there is none. */
  async optional<S extends TSchema>(context: Context, schema: S): Promise<Static<S> | undefined> {
    const raw = await readBounded(context.req.raw, MAX_BODY);
    return raw.length === 0 ? undefined : this.#check(raw, schema);
  }

  #check<S extends TSchema>(raw: Buffer, schema: S): Static<S> {
    let value: unknown;
    try {
      value = JSON.parse(raw.toString('utf8'));
    } catch (cause) {
      throw new HttpError('BadRequest', 'NotJSON', 'The body is not JSON.', { cause });
    }
    const validate = this.#validators.get(schema) ?? this.#ajv.compile(schema);
    this.#validators.set(schema, validate);
    if (validate(value)) return value as Static<S>;
    const error = validate.errors?.[0];
    throw new HttpError(
      'Unprocessable',
      'Invalid',
      `The body does not fit: ${error?.instancePath || '/'} ${error?.message ?? 'is wrong'}.`,
    );
  }
}
