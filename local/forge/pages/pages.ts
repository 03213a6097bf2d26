import { Hono, type Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { findRepository } from '../model/index.ts';
import type { RepositoryRow } from '../store/index.ts';
import { checkBody } from './check.ts';
import { issueBody } from './issue.ts';
import { type Html, SECURITY } from './layout.ts';
import { deploymentsBody, repositoryBody, rulesBody } from './repository.ts';

type Body = (repo: RepositoryRow, c: HonoContext) => Html | Promise<Html> | undefined;

/**
 * What `html_url` opens: issues, pull requests, check runs, deployments and rules of public repositories, to read. No scripts; everything
 * people wrote is escaped. Only answered under the server's own name, so that no other site's name can be pointed at it.
 */
export function pagesApp(ctx: Context): Hono {
  const app = new Hono();
  const page = (path: string, body: Body) => {
    app.get(path, async (c) => {
      const repo = findRepository(ctx, c.req.param('owner') ?? '', c.req.param('repo') ?? '');
      const own = c.req.header('host') === new URL(ctx.html).host;
      const made = !own || repo === undefined || repo.private ? undefined : await body(repo, c);
      return made === undefined ? c.notFound() : c.html(made, 200, SECURITY);
    });
  };
  page('/:owner/:repo/:kind{issues|pull}/:number{[0-9]+}', (repo, c) => {
    const issue = ctx.store.issues.first({ repoId: repo.id, number: Number(c.req.param('number')) });
    return issue && issueBody(ctx, repo, issue);
  });
  page('/:owner/:repo/runs/:id{[0-9]+}', (repo, c) => {
    const run = ctx.store.checkRuns.get(Number(c.req.param('id')));
    return run?.repoId === repo.id ? checkBody(ctx, repo, run) : undefined;
  });
  page('/:owner/:repo/deployments', (repo) => deploymentsBody(ctx, repo));
  page('/:owner/:repo/rules', (repo) => rulesBody(ctx, repo));
  page('/:owner/:repo', (repo) => repositoryBody(ctx, repo));
  return app;
}
