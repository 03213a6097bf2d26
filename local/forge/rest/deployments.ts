import { Type } from 'typebox';
import { createDeployment, createDeploymentStatus, deleteDeployment, needContexts } from '../model/index.ts';
import { invalid, notFound, notServed, Refusal } from '../refusal.ts';
import { renderDeployment, renderDeploymentStatus } from '../render/index.ts';
import type { DeploymentRow } from '../store/index.ts';
import { created, noContent, ok, paged } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { commitNamed } from './commits.ts';
import type { Routes } from './server.ts';

const MAX_DESCRIPTION = 140;
const Name = Type.String({ minLength: 1, maxLength: 255 });
const NewDeployment = Type.Object({
  ref: Type.String({ minLength: 1 }),
  task: optional(Name),
  auto_merge: optional(Type.Boolean()),
  required_contexts: optional(Type.Array(Type.String())),
  payload: optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()])),
  environment: optional(Name),
  description: optional(nullable(Type.String())),
  transient_environment: optional(Type.Boolean()),
  production_environment: optional(Type.Boolean()),
});
const NewStatus = Type.Object({
  state: Type.Enum(['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']),
  target_url: optional(Type.String()),
  log_url: optional(Type.String()),
  description: optional(Type.String()),
  environment: optional(Name),
  environment_url: optional(Type.String()),
  auto_inactive: optional(Type.Boolean()),
});

export const deploymentRoutes: Routes = {
  'GET /repos/{owner}/{repo}/deployments': (call) => {
    const { deployments } = call.ctx.store;
    const given = { sha: call.query('sha'), ref: call.query('ref'), task: call.query('task') };
    const where = { repoId: call.repo.id, environment: call.query('environment'), ...given };
    return paged(call, deployments.count(where), (limit, offset) =>
      deployments.find(where, { limit, offset, descending: true }).map((each) => body(call, each)),
    );
  },
  'POST /repos/{owner}/{repo}/deployments': postDeployment,
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}': (call) => ok(body(call, deployment(call))),
  'DELETE /repos/{owner}/{repo}/deployments/{deployment_id}': (call) => {
    call.need('write');
    deleteDeployment(call.ctx, call.repo, deployment(call));
    return noContent;
  },
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': (call) => {
    const { deploymentStatuses } = call.ctx.store;
    const where = { deploymentId: deployment(call).id };
    return paged(call, deploymentStatuses.count(where), (limit, offset) =>
      deploymentStatuses
        .find(where, { limit, offset, descending: true })
        .map((each) => renderDeploymentStatus(call.ctx, call.repo, each)),
    );
  },
  'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': (call) => {
    call.need('write');
    const { id } = deployment(call);
    const wanted = call.json(NewStatus);
    const { description = '', environment_url: environmentUrl, environment } = wanted;
    if (description.length > MAX_DESCRIPTION) throw invalid('DeploymentStatus', 'description');
    const logUrl = wanted.log_url ?? wanted.target_url;
    for (const [field, url] of Object.entries({ log_url: logUrl, environment_url: environmentUrl })) {
      if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw invalid('DeploymentStatus', field);
    }
    const fields = { state: wanted.state, description, logUrl, environmentUrl, environment };
    const autoInactive = wanted.auto_inactive ?? true;
    const status = createDeploymentStatus(call.ctx, call.repo, call.actor, id, { ...fields, autoInactive });
    return created(renderDeploymentStatus(call.ctx, call.repo, status));
  },
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}': (call) => {
    const status = call.ctx.store.deploymentStatuses.get(call.id('status_id'));
    if (status === undefined || status.deploymentId !== deployment(call).id) throw notFound();
    return ok(renderDeploymentStatus(call.ctx, call.repo, status));
  },
};

async function postDeployment(call: Call) {
  call.need('write');
  const wanted = call.json(NewDeployment);
  const { ref, environment = 'production' } = wanted;
  const sha = await commitNamed(call, ref, new Refusal(422, `No ref found for: ${ref}`));
  if (wanted.auto_merge ?? true) await refuseMerge(call, ref);
  needContexts(call.ctx, call.repo, ref, sha, wanted.required_contexts);
  const deployment = createDeployment(call.ctx, call.repo, call.actor, {
    sha,
    ref,
    task: wanted.task ?? 'deploy',
    payload: wanted.payload ?? {},
    environment,
    description: wanted.description ?? null,
    transient: wanted.transient_environment ?? false,
    production: wanted.production_environment ?? environment === 'production',
  });
  return created(body(call, deployment));
}

/** GitHub would first merge the default branch into a branch that is behind it. */
async function refuseMerge(call: Call, ref: string): Promise<void> {
  const git = call.ctx.git(call.repo);
  const [branch, tip] = await Promise.all([git.branch(ref), git.branch(call.repo.defaultBranch)]);
  if (branch === null || tip === null || (await git.isAncestor(tip, branch))) return;
  throw notServed('POST /repos/{owner}/{repo}/deployments with auto_merge of a branch that is behind');
}

function deployment(call: Call): DeploymentRow {
  const found = call.ctx.store.deployments.get(call.id('deployment_id'));
  if (found === undefined || found.repoId !== call.repo.id) throw notFound();
  return found;
}

const body = (call: Call, row: DeploymentRow) => renderDeployment(call.ctx, call.repo, row);
