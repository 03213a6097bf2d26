import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Context as HonoContext } from 'hono';
import type { Static, TSchema } from 'typebox';
import { readBounded } from '#lib/http';
import type { Context } from '../context.ts';
import { findRepository, findUser } from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow } from '../store/index.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export function repositoryOf(ctx: Context, c: HonoContext): RepositoryRow {
  const repo = findRepository(ctx, c.req.param('owner') ?? '', c.req.param('name') ?? '');
  if (repo === undefined) throw new Refusal(404, 'No such repository');
  return repo;
}

export function userOf(ctx: Context, login: string): number {
  const user = findUser(ctx, login);
  if (user === undefined) throw new Refusal(422, `There is no user ${login}; create it first`);
  return user.id;
}

const ajv = new Ajv2020({ strict: false });

/** The body as `schema` says; 400 if it is not JSON, 422 saying what does not fit. */
export async function json<T extends TSchema>(c: HonoContext, schema: T): Promise<Static<T>> {
  const text = (await readBounded(c.req.raw, MAX_BODY_BYTES)).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is not JSON');
  }
  if (ajv.validate(schema, value)) return value as Static<T>;
  throw new Refusal(422, `The body does not fit: ${ajv.errorsText(ajv.errors, { dataVar: 'body' })}`);
}
