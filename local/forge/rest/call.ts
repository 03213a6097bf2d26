import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Static, type TSchema, Type } from 'typebox';
import type { Context } from '../context.ts';
import { type Actor, can, findUser, need, revokeToken } from '../model/index.ts';
import { forbidden, invalid, notFound, Refusal } from '../refusal.ts';
import type { IssueRow, Permission, PullRow, RepositoryRow, UserRow } from '../store/index.ts';

const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });
const compiled = new WeakMap<TSchema, ValidateFunction>();

/** A value that GitHub also takes as null. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const optional = Type.Optional;

/** One authenticated REST request, with what handlers ask of it. */
export class Call {
  readonly ctx: Context;
  readonly actor: Actor;
  readonly url: string;
  readonly headers: Headers;
  readonly #params: Record<string, string>;
  readonly #query: URLSearchParams;
  readonly #repo: RepositoryRow | undefined;
  readonly #body: Buffer;

  constructor(
    ctx: Context,
    actor: Actor,
    request: { url: string; headers: Headers; params: Record<string, string>; body: Buffer },
    repo: RepositoryRow | undefined,
  ) {
    this.ctx = ctx;
    this.actor = actor;
    this.url = request.url;
    this.headers = request.headers;
    this.#params = request.params;
    this.#query = new URL(request.url).searchParams;
    this.#repo = repo;
    this.#body = request.body;
  }

  get user(): UserRow {
    return this.actor.user;
  }

  /** The repository of the path, which the actor may see. */
  get repo(): RepositoryRow {
    if (this.#repo === undefined) throw notFound();
    return this.#repo;
  }

  /** Makes the token that this request came with worthless. */
  revokeToken(): void {
    const token = tokenOf(this.headers.get('authorization') ?? '');
    if (token !== undefined) revokeToken(this.ctx, token);
  }

  param(name: string): string {
    return this.#params[name] ?? '';
  }

  /** A numeric path parameter; 404 for anything else. */
  id(name: string): number {
    const text = this.param(name);
    if (!/^\d{1,15}$/.test(text)) throw notFound();
    return Number(text);
  }

  query(name: string): string | undefined {
    return this.#query.get(name) ?? undefined;
  }

  /** A query parameter that must be one of `values`; the first is the default, another value is 422. */
  oneOf<T extends string>(name: string, values: readonly [T, ...T[]]): T {
    const given = this.query(name);
    if (given === undefined) return values[0];
    if (!values.includes(given as T)) throw invalid('Search', name);
    return given as T;
  }

  get page(): { page: number; perPage: number } {
    const read = (name: string, fallback: number, max: number) => {
      const value = Number(this.query(name) ?? fallback);
      return Number.isInteger(value) && value > 0 ? Math.min(value, max) : fallback;
    };
    return { page: read('page', 1, 1_000_000), perPage: read('per_page', 30, 100) };
  }

  /** The JSON body as `schema` says, no body being {}; 400 if it is not JSON, 422 naming the first thing that does not fit. */
  json<T extends TSchema>(schema: T): Static<T> {
    const value = parse(this.#body);
    let check = compiled.get(schema);
    if (check === undefined) {
      check = ajv.compile(schema);
      compiled.set(schema, check);
    }
    if (check(value)) return value as Static<T>;
    const error = check.errors?.[0];
    const where = error?.instancePath === '' ? '' : `For '${error?.instancePath.slice(1)}', `;
    const missing = error?.params.missingProperty as string | undefined;
    const what = missing === undefined ? `${error?.message}.` : `"${missing}" wasn't supplied.`;
    throw new Refusal(422, `Invalid request.\n\n${where}${what}`);
  }

  /** Refuses with 403 unless the actor has the permission on the repository. */
  need(permission: Permission, message?: string): void {
    need(this.ctx, this.actor, this.repo, permission, message);
  }

  can(permission: Permission): boolean {
    return can(this.ctx, this.actor, this.repo, permission);
  }

  issue(parameter = 'issue_number'): IssueRow {
    const issue = this.ctx.store.issues.first({ repoId: this.repo.id, number: this.id(parameter) });
    if (issue === undefined) throw notFound();
    return issue;
  }

  pull(): PullRow {
    const pull = this.ctx.store.pulls.first({ repoId: this.repo.id, number: this.id('pull_number') });
    if (pull === undefined) throw notFound();
    return pull;
  }

  userNamed(login: string): UserRow {
    const user = findUser(this.ctx, login);
    if (user === undefined) throw notFound();
    return user;
  }

  /** For what only the author or someone with write access may change. */
  needAuthorOrWrite(authorId: number): void {
    if (authorId !== this.user.id && !this.can('write')) throw forbidden();
  }
}

/** The token of an Authorization header, whichever form it has. */
export function tokenOf(header: string): string | undefined {
  return /^(?:token|bearer)\s+(\S+)$/i.exec(header)?.[1] ?? basicPassword(header);
}

function basicPassword(header: string): string | undefined {
  const encoded = /^basic\s+([\w+/=-]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return password === '' || password === 'x-oauth-basic' ? user : password;
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
}
