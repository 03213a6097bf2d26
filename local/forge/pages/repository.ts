import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { rulesOn, stateOf } from '../model/index.ts';
import { fullName, repositoryPage } from '../render/index.ts';
import type { DeploymentRow, RepositoryRow, RulesetRow } from '../store/index.ts';
import { frame, type Html, link, login } from './layout.ts';

const LISTED = 50;

/** A repository: what is open, where it is deployed, which branches have rules. */
export async function repositoryBody(ctx: Context, repo: RepositoryRow): Promise<Html> {
  const page = repositoryPage(ctx, repo);
  const open = ctx.store.issues.find({ repoId: repo.id, state: 'open' }, { descending: true, limit: LISTED });
  const branches = [...(await ctx.git(repo).refs('refs/heads')).keys()];
  const held = branches.filter((ref) => rulesOn(ctx, repo, ref).length > 0);
  return frame(
    fullName(ctx, repo),
    html`
      <h1>${fullName(ctx, repo)}</h1>
      <p>${repo.archived === true ? html`<strong>archived</strong> · ` : ''}${repo.description ?? ''}</p>
      <p>${link(`${page}/deployments`, 'Deployments')} · ${link(`${page}/rules`, 'Rules')}${held.length === 0 ? '' : html` of ${held.map((ref) => ref.slice('refs/heads/'.length)).join(', ')}`}</p>
      <h2>Open</h2>
      <ul>
        ${open.map((issue) => html`<li>${link(`${page}/${issue.isPull ? 'pull' : 'issues'}/${issue.number}`, `#${issue.number}`)} ${issue.title}</li>`)}
      </ul>`,
  );
}

/** The latest deployments, newest first, each with where it stands. */
export function deploymentsBody(ctx: Context, repo: RepositoryRow): Html {
  const rows = ctx.store.deployments.find({ repoId: repo.id }, { descending: true, limit: LISTED });
  return frame(
    `Deployments · ${fullName(ctx, repo)}`,
    html`<h1>Deployments of ${fullName(ctx, repo)}</h1><ul>${rows.map((row) => deployment(ctx, row))}</ul>`,
  );
}

function deployment(ctx: Context, row: DeploymentRow): Html {
  const status = stateOf(ctx, row);
  const where = status === undefined || status.environmentUrl === '' ? '' : html` · ${link(status.environmentUrl)}`;
  return html`<li><strong>${status?.state ?? 'pending'}</strong> ${row.environment} · ${row.ref} (${row.sha.slice(0, 10)}) · ${login(ctx, row.creatorId)} · ${status?.createdAt ?? row.createdAt}${where} ${status?.description ?? ''}</li>`;
}

/** Every protection and ruleset, rule by rule, as it was asked for. */
export function rulesBody(ctx: Context, repo: RepositoryRow): Html {
  const where = { repoId: repo.id };
  const classic = ctx.store.protections.find(where);
  return frame(
    `Rules · ${fullName(ctx, repo)}`,
    html`
      <h1>Rules of ${fullName(ctx, repo)}</h1>
      ${classic.map(({ id: _, repoId: __, branch, ...asked }) => html`<h2>Branch ${branch}</h2><pre>${JSON.stringify(asked, null, 2)}</pre>`)}
      ${ctx.store.rulesets.find(where).map(ruleset)}`,
  );
}

const ruleset = (row: RulesetRow): Html => html`
  <h2>${row.name} <small>${row.enforcement}</small></h2>
  <p>${row.target}: ${row.include.join(', ')}${row.exclude.length === 0 ? '' : ` except ${row.exclude.join(', ')}`}</p>
  <p>${row.bypassActors.length === 0 ? 'Nobody passes these rules.' : `Passed by: ${row.bypassActors.map(({ actor_type, actor_id, bypass_mode }) => `${actor_type} ${actor_id ?? ''} (${bypass_mode})`).join(', ')}`}</p>
  <ul>${row.rules.map((rule) => html`<li>${rule.type}${'parameters' in rule ? html`<pre>${JSON.stringify(rule.parameters, null, 2)}</pre>` : ''}</li>`)}</ul>`;
