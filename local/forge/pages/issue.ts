import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { isRequired, latestRuns, latestStatuses, unmetOf } from '../model/index.ts';
import { checkRunPage, commentsOf, fullName, labelsOf } from '../render/index.ts';
import type { IssueRow, PullRow, RepositoryRow } from '../store/index.ts';
import { frame, type Html, link, login } from './layout.ts';

export async function issueBody(ctx: Context, repo: RepositoryRow, issue: IssueRow): Promise<Html> {
  const pull = issue.isPull ? ctx.store.pulls.first({ issueId: issue.id }) : undefined;
  const state = pull?.mergedAt ? 'merged' : pull?.draft && issue.state === 'open' ? 'draft' : issue.state;
  const labels = labelsOf(ctx, issue).map((label) => label.name);
  const comments = ctx.store.comments.find({ issueId: issue.id });
  return frame(
    `${issue.title} · ${fullName(ctx, repo)} #${issue.number}`,
    html`
      <h1>${issue.title} <small>#${issue.number}</small></h1>
      <p><strong>${state}</strong> · ${login(ctx, issue.authorId)} · ${issue.createdAt} · ${labels.join(', ')}</p>
      ${pull === undefined ? '' : html`<p>${pull.headRef} (${pull.headSha.slice(0, 10)}) → ${pull.baseRef}</p>`}
      <pre>${issue.body ?? ''}</pre>
      ${pull === undefined ? '' : await pullParts(ctx, repo, pull, issue)}
      <h2>Comments</h2>
      ${comments.map((comment) => said(login(ctx, comment.authorId), comment.createdAt, comment.body))}`,
  );
}

const said = (who: string, when: string, what: string) =>
  html`<p><strong>${who}</strong> ${when}</p><pre>${what}</pre>`;

async function pullParts(ctx: Context, repo: RepositoryRow, pull: PullRow, issue: IssueRow): Promise<Html> {
  const reviews = ctx.store.reviews
    .find({ pullId: pull.id })
    .filter((review) => review.body !== '' || review.state !== 'COMMENTED');
  return html`
    ${issue.state === 'open' ? await mergeBox(ctx, repo, pull) : ''}
    ${checks(ctx, repo, pull)}
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

/** What the base branch's rules still ask, in the words a merge would be refused with. */
async function mergeBox(ctx: Context, repo: RepositoryRow, pull: PullRow): Promise<Html> {
  const unmet = await unmetOf(ctx, repo, pull);
  if (unmet.length === 0) return html`<h2>Merging</h2><p>No rule of ${pull.baseRef} is in the way.</p>`;
  return html`<h2>Merging is blocked</h2><ul>${unmet.map(({ message }) => html`<li>${message}</li>`)}</ul>`;
}

function checks(ctx: Context, repo: RepositoryRow, pull: PullRow): Html {
  const runs = latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: pull.headSha }));
  const statuses = latestStatuses(ctx, repo, pull.headSha);
  const required = (name: string, appId: number | null) =>
    isRequired(ctx, repo, pull, name, appId) ? ' (required)' : '';
  return html`
    <h2>Checks</h2>
    <ul>
      ${runs.map(
        (run) =>
          html`<li>${link(checkRunPage(ctx, repo, run), run.name)} by ${ctx.store.apps.get(run.appId)?.name ?? ''}${required(run.name, run.appId)}: ${run.conclusion ?? run.status} ${run.output.title ?? ''}</li>`,
      )}
      ${statuses.map(
        (status) =>
          html`<li>${status.context} by ${login(ctx, status.creatorId)}${required(status.context, null)}: ${status.state} ${status.description ?? ''}</li>`,
      )}
    </ul>`;
}
