import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { fullName } from '../render/index.ts';
import type { CheckRunRow, RepositoryRow } from '../store/index.ts';
import { frame, type Html, link } from './layout.ts';

export function checkBody(ctx: Context, repo: RepositoryRow, run: CheckRunRow): Html {
  const { title, summary, text } = run.output;
  return frame(
    `${run.name} · ${fullName(ctx, repo)}`,
    html`
      <h1>${run.name} <small>${ctx.store.apps.get(run.appId)?.name ?? ''}</small></h1>
      <p><strong>${run.conclusion ?? run.status}</strong> · ${run.headSha.slice(0, 10)} · ${run.startedAt ?? ''} · ${run.completedAt ?? ''}</p>
      ${run.detailsUrl === null ? '' : html`<p>${link(run.detailsUrl)}</p>`}
      <h2>${title ?? ''}</h2>
      <pre>${summary ?? ''}</pre>
      ${text === null ? '' : html`<pre>${text}</pre>`}`,
  );
}
