import { extname } from 'node:path';
import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { entryAt, readBlob } from '../git/index.ts';
import { stateOf } from '../model/index.ts';
import type { DeploymentRow } from '../store/index.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
/** What a repository serves runs as nobody: no origin, so no reach to this server's other addresses. */
const SECURITY = { 'content-security-policy': 'sandbox allow-scripts', 'x-content-type-options': 'nosniff' };

/**
 * The sites of the forge's own deployments at `/<deployment>/…`: the files of the deployed commit, as a hosting service would show them
 * once the deployment has succeeded. 404 before, and for deployments that are shown elsewhere.
 */
export function sitesApp(ctx: Context): Hono {
  const app = new Hono();
  app.get('/:id{[0-9]+}/:path{.*}', async (c) => {
    const deployment = ctx.store.deployments.get(Number(c.req.param('id')));
    if (deployment === undefined || !isShown(ctx, deployment)) return c.notFound();
    const found = await file(ctx, deployment, c.req.param('path'));
    if (found === null) return c.notFound();
    const type = TYPES[extname(found.path).toLowerCase()] ?? 'application/octet-stream';
    const headers = { ...SECURITY, 'content-type': type, 'x-commit': deployment.sha };
    return new Response(new Uint8Array(found.content), { headers });
  });
  return app;
}

function isShown(ctx: Context, deployment: DeploymentRow): boolean {
  return deployment.deployer?.url === null && stateOf(ctx, deployment)?.state === 'success';
}

async function file(ctx: Context, deployment: DeploymentRow, path: string) {
  const repo = ctx.store.repositories.get(deployment.repoId);
  if (repo === undefined) return null;
  const git = ctx.git(repo);
  const root = deployment.deployer?.root ?? '';
  const full = [root, path].filter(Boolean).join('/').replace(/\/$/, '');
  for (const candidate of [full, full === '' ? 'index.html' : `${full}/index.html`]) {
    const entry = candidate === '' ? null : await entryAt(git.dir, deployment.sha, candidate);
    if (entry?.type === 'blob') return { path: candidate, content: await readBlob(git.dir, entry.sha) };
  }
  return null;
}
