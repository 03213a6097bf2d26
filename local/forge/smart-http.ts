import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context as HonoContext } from 'hono';
import type { Context } from './context.ts';
import { before, Cut, Faults } from './faults/index.ts';
import { serveGit } from './git/index.ts';
import { type Actor, can, findRepository, grants, movedFrom, observeRefs } from './model/index.ts';
import type { PushGate } from './push-gate/index.ts';
import { Refusal } from './refusal.ts';
import { repositoryPage } from './render/index.ts';
import { cut, identify, refusalOf } from './rest/index.ts';
import type { RepositoryRow } from './store/index.ts';

type GitContext = HonoContext<{ Bindings: HttpBindings }>;

const SERVED: Readonly<Record<string, readonly string[]>> = {
  GET: ['/info/refs'],
  POST: ['/git-upload-pack', '/git-receive-pack'],
};

/**
 * Smart-HTTP git at `/<owner>/<repo>.git/…`. Pushes to one repository run one after another; each is observed before the next begins,
 * so that every ref update is told exactly as git made it.
 */
export function smartHttp(ctx: Context, gate: PushGate): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all('/:owner/:repo{[^/]+\\.git}/:path{.+}', async (c) => {
    try {
      return await serve(ctx, gate, c);
    } catch (error) {
      if (error instanceof Cut) return cut(c as unknown as HonoContext);
      const { status, body } = refusalOf(ctx, error, 'git');
      const headers = {
        'content-type': 'text/plain',
        ...(status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {}),
      };
      return new Response(`${(body as { message: string }).message}\n`, { status, headers });
    }
  });
  return app;
}

async function serve(ctx: Context, gate: PushGate, c: GitContext): Promise<Response> {
  const path = `/${c.req.param('path')}`;
  if (!SERVED[c.req.method]?.includes(path)) throw new Refusal(404, 'Not Found');
  const actor = identify(ctx, c.req.header('authorization'));
  const faults = new Faults(ctx.store).take(`GIT ${path}`, actor.user.login);
  await before(faults);
  const name = (c.req.param('repo') ?? '').replace(/\.git$/, '');
  const owner = c.req.param('owner') ?? '';
  const repo = findRepository(ctx, owner, name);
  const moved = repo === undefined ? movedFrom(ctx, owner, name) : undefined;
  if (moved !== undefined && mayGit(ctx, actor, moved, 'read')) return redirect(ctx, c, moved, path);
  if (repo === undefined || !mayGit(ctx, actor, repo, 'read')) throw new Refusal(404, 'Repository not found.');
  const writes = path === '/git-receive-pack' || c.req.query('service') === 'git-receive-pack';
  if (writes && !mayGit(ctx, actor, repo, 'write')) {
    throw new Refusal(403, `Permission to ${repo.name} denied to ${actor.user.login}.`);
  }
  if (writes && repo.archived === true) throw new Refusal(403, 'This repository was archived so it is read-only.');
  const dropped = faults.some(({ kind }) => kind === 'drop');
  if (path === '/git-receive-pack') await push(ctx, gate, c, actor, repo, dropped);
  else await backend(ctx, c, actor, repo, path);
  return RESPONSE_ALREADY_SENT;
}

/** Git follows the first answer of a conversation and stays there. */
function redirect(ctx: Context, c: GitContext, repo: RepositoryRow, path: string): Response {
  const location = `${repositoryPage(ctx, repo)}.git${path}${new URL(c.req.url).search}`;
  return c.body(null, c.req.method === 'GET' ? 301 : 307, { location });
}

/** Git asks an App for the permission `contents`. */
function mayGit(ctx: Context, actor: Actor, repo: RepositoryRow, level: 'read' | 'write'): boolean {
  const { installation } = actor;
  return (
    can(ctx, actor, repo, level) && (installation === undefined || grants(installation.permissions, 'contents', level))
  );
}

function backend(
  ctx: Context,
  c: GitContext,
  actor: Actor,
  repo: RepositoryRow,
  path: string,
  more: { env?: Record<string, string>; beforeEnd?: () => Promise<void> } = {},
): Promise<void> {
  const { incoming, outgoing } = c.env as { incoming: never; outgoing: never };
  const query = new URL(c.req.url).search.slice(1);
  return serveGit({ incoming, outgoing, gitDir: ctx.git(repo).dir, path, query, user: actor.user.login, ...more });
}

/** With `dropped` the refs move and the client never hears of it. */
function push(
  ctx: Context,
  gate: PushGate,
  c: GitContext,
  actor: Actor,
  repo: RepositoryRow,
  dropped: boolean,
): Promise<void> {
  return ctx.locks.run(repo.id, async () => {
    ctx.store.repositories.update(repo.id, { pusherId: actor.user.id });
    const beforeEnd = async () => {
      try {
        await observeRefs(ctx, repo, actor.user);
      } catch (error) {
        // The refs have moved; the next push or start tells them.
        ctx.logger.error({ err: error, repository: repo.name }, 'pushed refs could not be told');
      }
      if (dropped) c.env.outgoing.destroy();
    };
    await gate.guard({ repo, actor }, (env) => backend(ctx, c, actor, repo, '/git-receive-pack', { env, beforeEnd }));
  });
}
