import { Hono } from 'hono';
import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { findRepository, latestRuns } from '../model/index.ts';
import { commentsOf, fullName, labelsOf } from '../render/index.ts';
import type { IssueRow, PullRow, RepositoryRow } from '../store/index.ts';

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap;background:#f6f8fa;padding:.7rem}h2{margin-top:2rem}';
const SECURITY = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
};

/**
 * What `html_url` opens: issues and pull requests of public repositories, to read. No scripts; everything people wrote is escaped. Only
 * answered under the server's own name, so that no other site's name can be pointed at it.
 */
export function pagesApp(ctx: Context): Hono {
  const app = new Hono();
  app.get('/:owner/:repo/:kind{issues|pull}/:number{[0-9]+}', (c) => {
    const repo = findRepository(ctx, c.req.param('owner'), c.req.param('repo'));
    const own = c.req.header('host') === new URL(ctx.html).host;
    const number = Number(c.req.param('number'));
    const issue = repo && ctx.store.issues.first({ repoId: repo.id, number });
    if (!own || repo === undefined || repo.private || issue === undefined) return c.notFound();
    const pull = issue.isPull ? ctx.store.pulls.first({ issueId: issue.id }) : undefined;
    return c.html(page(ctx, repo, issue, pull), 200, SECURITY);
  });
  return app;
}

const login = (ctx: Context, id: number | null) => (id === null ? '' : (ctx.store.users.get(id)?.login ?? 'ghost'));

function page(ctx: Context, repo: RepositoryRow, issue: IssueRow, pull: PullRow | undefined) {
  const state = pull?.mergedAt ? 'merged' : pull?.draft && issue.state === 'open' ? 'draft' : issue.state;
  const title = `${issue.title} · ${fullName(ctx, repo)} #${issue.number}`;
  const labels = labelsOf(ctx, issue).map((label) => label.name);
  return html`<!doctype html>
    <html lang="en">
      <head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
      <body>
        <h1>${issue.title} <small>#${issue.number}</small></h1>
        <p><strong>${state}</strong> · ${login(ctx, issue.authorId)} · ${issue.createdAt} · ${labels.join(', ')}</p>
        ${pull === undefined ? '' : html`<p>${pull.headRef} (${pull.headSha.slice(0, 10)}) → ${pull.baseRef}</p>`}
        <pre>${issue.body ?? ''}</pre>
        ${pull === undefined ? '' : pullParts(ctx, repo, pull)}
        <h2>Comments</h2>
        ${ctx.store.comments.find({ issueId: issue.id }).map((comment) => said(login(ctx, comment.authorId), comment.createdAt, comment.body))}
      </body>
    </html>`;
}

const said = (who: string, when: string, what: string) =>
  html`<p><strong>${who}</strong> ${when}</p><pre>${what}</pre>`;

function pullParts(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const runs = latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: pull.headSha }));
  const reviews = ctx.store.reviews
    .find({ pullId: pull.id })
    .filter((review) => review.body !== '' || review.state !== 'COMMENTED');
  return html`
    <h2>Checks</h2>
    <ul>${runs.map((run) => html`<li>${run.name}: ${run.conclusion ?? run.status} ${run.output.title ?? ''}</li>`)}</ul>
    <h2>Reviews</h2>
    ${reviews.map((review) => said(`${login(ctx, review.authorId)} ${review.state}`, review.submittedAt, review.body))}
    <h2>Threads</h2>
    ${ctx.store.threads.find({ pullId: pull.id }).map(
      (thread) => html`
        <h3>${thread.path}:${thread.originalLine} (${thread.resolvedById === null ? 'open' : `resolved by ${login(ctx, thread.resolvedById)}`})</h3>
        <pre>${thread.diffHunk}</pre>
        ${commentsOf(ctx, thread).map((comment) => said(login(ctx, comment.authorId), comment.createdAt, comment.body))}`,
    )}`;
}
