import { createHash, randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context as HonoContext } from 'hono';
import { HttpError, readBounded } from '#lib/http';
import type { Context } from '../context.ts';
import { afterwards, before, Cut, Failure, Faults, withoutRecent } from '../faults/index.ts';
import {
  type Actor,
  appOfJwt,
  authenticate,
  can,
  findRepository,
  looksLikeJwt,
  movedFrom,
  needUnarchived,
  visibleRepository,
} from '../model/index.ts';
import { notFound, notServed, Refusal } from '../refusal.ts';
import { fullName } from '../render/index.ts';
import type { FaultRow } from '../store/index.ts';
import type { Answer } from './answer.ts';
import { Call, tokenOf } from './call.ts';
import type { Meter } from './meter.ts';
import { Moved } from './moved.ts';
import { operationOf } from './operations.ts';
import { needPermission } from './permissions.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

type Handler = (call: Call) => Answer | Promise<Answer>;
/** `METHOD /path/{template}` as in GitHub's OpenAPI document → what serves it. */
export type Routes = Readonly<Record<string, Handler>>;

/** The REST API under one Hono app. More specific templates must come before those that would also take their paths. */
export function restApp(ctx: Context, meter: Meter, routes: Routes): Hono {
  const app = new Hono();
  for (const [operation, handler] of Object.entries(routes)) {
    const [method = '', template = ''] = operation.split(' ');
    app.on(method, honoPath(template), (c) => answer(c, ctx, meter, operation, handler));
  }
  // Where redirects of renamed repositories lead: the same operations by the repository's number.
  app.all('/repositories/:id{[0-9]+}/:rest{.+}', (c) => app.fetch(byName(ctx, c), c.env));
  app.all('*', (c) => answer(c, ctx, meter, 'unknown', () => refuseUnknown(c)));
  return app;
}

/** `{name}` becomes one segment; parameters whose values hold slashes take the rest of the path up to what follows. */
function honoPath(template: string): string {
  const parameter = (_: string, name: string) =>
    /^(path|ref|branch|basehead)$/.test(name) ? `:${name}{${name === 'path' ? '.*' : '.+'}}` : `:${name}`;
  return template.replaceAll(/\{\+?(\w+)\}/g, parameter);
}

/** The request as its repository's present name would have it; an unknown number leads nowhere. */
function byName(ctx: Context, c: HonoContext): Request {
  const repo = ctx.store.repositories.get(Number(c.req.param('id')));
  const name = repo === undefined || repo.deletedAt !== undefined ? '-/-' : fullName(ctx, repo);
  const url = new URL(c.req.url);
  const rest = url.pathname.slice(url.pathname.indexOf('/repositories/') + '/repositories/'.length).replace(/^\d+/, '');
  const { method, headers, body } = c.req.raw;
  const target = `${url.origin}/repos/${name}${rest}${url.search}`;
  return new Request(target, { method, headers, ...(body === null ? {} : { body, duplex: 'half' as const }) });
}

function refuseUnknown(c: HonoContext): Answer {
  const path = new URL(c.req.url).pathname.replace(/^\/api\/v3/, '');
  const operation = operationOf(c.req.method === 'HEAD' ? 'GET' : c.req.method, path);
  throw operation === undefined ? notFound() : notServed(operation);
}

async function answer(
  c: HonoContext,
  ctx: Context,
  meter: Meter,
  operation: string,
  handler: Handler,
): Promise<Response> {
  let actor: Actor | undefined;
  let faults: FaultRow[] = [];
  try {
    actor = identify(ctx, c.req.header('authorization'));
    meter.admit(actor, operation);
    faults = new Faults(ctx.store).take(operation, actor.user.login);
    await before(faults);
    const given = await handle(c, ctx, actor, operation, handler);
    await afterwards(faults);
    return respond(c, meter, operation, actor, lagging(ctx, given, faults));
  } catch (error) {
    if (error instanceof Cut) return cut(c);
    // An answer that is dropped is dropped whatever it says.
    if (faults.some(({ kind }) => kind === 'drop')) return cut(c);
    return respond(c, meter, operation, actor, refusalOf(ctx, error, operation));
  }
}

async function handle(
  c: HonoContext,
  ctx: Context,
  actor: Actor,
  operation: string,
  handler: Handler,
): Promise<Answer> {
  needPermission(actor, operation);
  const params = c.req.param() as Record<string, string>;
  const named = operation.includes('/repos/{owner}/{repo}') && actor.asApp !== true;
  const repo = named ? visibleOrMoved(c, ctx, actor, params) : undefined;
  if (repo !== undefined && !READS.has(c.req.method) && !STAYS_OPEN.has(operation)) needUnarchived(repo);
  const body = await readBounded(c.req.raw, MAX_BODY_BYTES);
  return handler(new Call(ctx, actor, { url: publicURL(ctx, c), headers: c.req.raw.headers, params, body }, repo));
}

const READS = new Set(['GET', 'HEAD']);
/** What an archived repository still takes. */
const STAYS_OPEN = new Set([
  'PATCH /repos/{owner}/{repo}',
  'DELETE /repos/{owner}/{repo}',
  'POST /repos/{owner}/{repo}/transfer',
]);

function visibleOrMoved(c: HonoContext, ctx: Context, actor: Actor, { owner = '', repo = '' }: Record<string, string>) {
  const moved = findRepository(ctx, owner, repo) === undefined ? movedFrom(ctx, owner, repo) : undefined;
  if (moved === undefined || !can(ctx, actor, moved, 'read')) return visibleRepository(ctx, actor, owner, repo);
  const { pathname, search } = new URL(c.req.url);
  const [, , , rest = ''] = /^(.*?)\/repos\/[^/]+\/([^/]+)(.*)$/.exec(pathname) ?? [];
  throw new Moved(ctx, moved, c.req.method, `${rest}${search}`);
}

function lagging(ctx: Context, given: Answer, faults: readonly FaultRow[]): Answer {
  const stale = faults.find(({ kind }) => kind === 'stale');
  if (stale === undefined || given.status !== 200) return given;
  const since = new Date(ctx.clock() - stale.ageSeconds * 1000).toISOString();
  return { ...given, body: withoutRecent(given.body, since) };
}

/** Ends the connection without an answer: the client cannot know what became of its request. */
export function cut(c: HonoContext): Response {
  (c.env as HttpBindings).outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

/** Who sends a request. 401 without credentials and with wrong ones, as an instance in private mode says it. */
export function identify(ctx: Context, header: string | undefined): Actor {
  if (header === undefined) throw new Refusal(401, 'Requires authentication');
  const token = tokenOf(header);
  if (token !== undefined && looksLikeJwt(token)) {
    const app = appOfJwt(ctx, token);
    return { user: ctx.store.users.get(app.userId)!, app, asApp: true };
  }
  const actor = token === undefined ? null : authenticate(ctx, token);
  if (actor === null) throw new Refusal(401, 'Bad credentials');
  return actor;
}

function publicURL(ctx: Context, c: HonoContext): string {
  const { pathname, search } = new URL(c.req.url);
  return `${ctx.html}${pathname.startsWith('/api/v3/') ? '' : '/api/v3'}${pathname}${search}`;
}

/** A refusal as it is; a body over the limit as 413; anything else as a 500 that is logged and says nothing of the inside. */
export function refusalOf(ctx: Context, error: unknown, operation: string): Answer {
  if (error instanceof Moved) return { status: error.status, body: error.body, headers: { location: error.location } };
  if (error instanceof Failure) return { status: error.status, body: error.body, headers: error.headers };
  if (error instanceof Refusal) return { status: error.status, body: error.body };
  if (error instanceof HttpError) return { status: error.status, body: new Refusal(error.status, error.message).body };
  ctx.logger.error({ err: error, operation }, 'request failed');
  return { status: 500, body: new Refusal(500, 'The loopback forge failed; its log has the cause').body };
}

function respond(
  c: HonoContext,
  meter: Meter,
  operation: string,
  actor: Actor | undefined,
  { status, body, headers = {} }: Answer,
): Response {
  const bytes = Buffer.isBuffer(body);
  const text = body === undefined ? null : bytes ? new Uint8Array(body) : JSON.stringify(body);
  const etag = status === 200 && text !== null ? `W/"${createHash('sha256').update(text).digest('hex')}"` : undefined;
  const modified = status === 200 ? lastModified(body) : undefined;
  const unchanged = etag !== undefined && /^(GET|HEAD)$/.test(c.req.method) && isUnchanged(c, etag, modified);
  const all: Record<string, string> = {
    'content-type': bytes ? 'application/octet-stream' : 'application/json; charset=utf-8',
    'x-github-request-id': randomUUID(),
    'x-github-media-type': 'github.v3; format=json',
    'x-github-api-version-selected': '2022-11-28',
    'cache-control': 'private, max-age=60, s-maxage=60',
    ...(etag === undefined ? {} : { etag }),
    ...(modified === undefined ? {} : { 'last-modified': modified }),
    ...meter.count(actor, operation, unchanged),
    ...headers,
  };
  if (unchanged) return new Response(null, { status: 304, headers: all });
  if (text === null) delete all['content-type'];
  return new Response(text, { status, headers: all });
}

/** A resource that says when it changed has the header; lists have none. */
function lastModified(body: unknown): string | undefined {
  const at = (body as { updated_at?: unknown } | null | undefined)?.updated_at;
  return typeof at === 'string' ? new Date(at).toUTCString() : undefined;
}

/** By its ETag if the client names one; else by its time, in which two changes within a second look like one. */
function isUnchanged(c: HonoContext, etag: string, modified: string | undefined): boolean {
  const named = c.req.header('if-none-match');
  if (named !== undefined) return named.split(/\s*,\s*/).includes(etag);
  const since = Date.parse(c.req.header('if-modified-since') ?? '');
  return modified !== undefined && since >= Date.parse(modified);
}
