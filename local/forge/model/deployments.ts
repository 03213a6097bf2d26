import { type Context, now } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { renderDeployment, renderDeploymentStatus } from '../render/index.ts';
import type { DeploymentRow, DeploymentState, DeploymentStatusRow, RepositoryRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import type { Actor } from './actor.ts';
import { latestRuns } from './checks.ts';
import { latestStatuses } from './statuses.ts';

export type NewDeployment = Omit<
  DeploymentRow,
  'id' | 'repoId' | 'originalEnvironment' | 'creatorId' | 'appId' | 'createdAt' | 'updatedAt' | 'reportAt' | 'deployer'
> &
  Partial<Pick<DeploymentRow, 'reportAt' | 'deployer'>>;

export interface NewDeploymentStatus {
  readonly state: DeploymentState;
  readonly description?: string;
  readonly logUrl?: string;
  readonly environmentUrl?: string;
  /** Moves the deployment to another environment. */
  readonly environment?: string;
  /** Whether a success ends earlier deployments of that environment; default true. */
  readonly autoInactive?: boolean;
}

/** Records a deployment and says so. Who deploys it is told by the delivery and reports with {@link createDeploymentStatus}. */
export function createDeployment(
  ctx: Context,
  repo: RepositoryRow,
  actor: Actor,
  wanted: NewDeployment,
): DeploymentRow {
  return ctx.store.transaction(() => {
    const at = now(ctx);
    const deployment = ctx.store.deployments.insert({
      reportAt: null,
      deployer: null,
      ...wanted,
      repoId: repo.id,
      originalEnvironment: wanted.environment,
      creatorId: actor.user.id,
      appId: actor.app?.id ?? null,
      createdAt: at,
      updatedAt: at,
    });
    const fields = { deployment: renderDeployment(ctx, repo, deployment), workflow: null, workflow_run: null };
    emit(ctx, repo, { event: 'deployment', action: 'created', sender: actor.user, fields });
    return deployment;
  });
}

/**
 * 409 with GitHub's words when one of `wanted` (default: everything reported on the commit) has not succeeded there. An empty list asks
 * for nothing.
 */
export function needContexts(
  ctx: Context,
  repo: RepositoryRow,
  ref: string,
  sha: string,
  wanted?: readonly string[],
): void {
  const states = new Map<string, string>();
  for (const run of latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: sha }))) {
    const passed = ['success', 'neutral', 'skipped'].includes(run.conclusion ?? '');
    states.set(run.name, passed ? 'success' : (run.conclusion ?? 'pending'));
  }
  for (const status of latestStatuses(ctx, repo, sha)) states.set(status.context, status.state);
  const asked = wanted ?? [...states.keys()];
  const missing = asked.filter((context) => states.get(context) !== 'success');
  if (missing.length === 0) return;
  const told = missing.map((context) => `${context}: ${states.get(context) ?? 'missing'}`).join(', ');
  throw new Refusal(409, `Conflict: Commit status checks failed for ${ref}.`, [
    { resource: 'Deployment', field: 'required_contexts', code: 'invalid', message: told },
  ]);
}

/** Reports on a deployment. A success makes earlier successes of the same lasting, non-production environment inactive. */
export function createDeploymentStatus(
  ctx: Context,
  repo: RepositoryRow,
  actor: Actor,
  deploymentId: number,
  wanted: NewDeploymentStatus,
): DeploymentStatusRow {
  return ctx.store.transaction(() => {
    const before = ctx.store.deployments.get(deploymentId)!;
    const environment = wanted.environment ?? before.environment;
    const deployment = ctx.store.deployments.update(deploymentId, { environment, updatedAt: now(ctx) });
    const status = insertStatus(ctx, repo, actor, deployment, wanted);
    if (status.state === 'success' && wanted.autoInactive !== false) retireEarlier(ctx, repo, actor, deployment);
    return status;
  });
}

function insertStatus(
  ctx: Context,
  repo: RepositoryRow,
  actor: Actor,
  deployment: DeploymentRow,
  wanted: NewDeploymentStatus,
): DeploymentStatusRow {
  const status = ctx.store.deploymentStatuses.insert({
    repoId: repo.id,
    deploymentId: deployment.id,
    state: wanted.state,
    environment: deployment.environment,
    description: wanted.description ?? '',
    logUrl: wanted.logUrl ?? '',
    environmentUrl: wanted.environmentUrl ?? '',
    creatorId: actor.user.id,
    appId: actor.app?.id ?? null,
    createdAt: now(ctx),
  });
  const fields = {
    deployment_status: renderDeploymentStatus(ctx, repo, status),
    deployment: renderDeployment(ctx, repo, deployment),
    check_run: null,
    workflow: null,
    workflow_run: null,
  };
  emit(ctx, repo, { event: 'deployment_status', action: 'created', sender: actor.user, fields });
  return status;
}

function retireEarlier(ctx: Context, repo: RepositoryRow, actor: Actor, current: DeploymentRow): void {
  const same = ctx.store.deployments.find({ repoId: repo.id, environment: current.environment });
  for (const earlier of same) {
    if (earlier.id >= current.id || earlier.transient || earlier.production) continue;
    const last = stateOf(ctx, earlier);
    if (last?.state !== 'success') continue;
    insertStatus(ctx, repo, actor, earlier, { state: 'inactive', environmentUrl: last.environmentUrl });
  }
}

/** The latest status of a deployment, if there is one. */
export function stateOf(ctx: Context, deployment: DeploymentRow): DeploymentStatusRow | undefined {
  return ctx.store.deploymentStatuses.first({ deploymentId: deployment.id }, { descending: true });
}

/** Forgets a deployment with its statuses; 422 for an active one unless it is the only one of its environment. */
export function deleteDeployment(ctx: Context, repo: RepositoryRow, deployment: DeploymentRow): void {
  const active = stateOf(ctx, deployment)?.state !== 'inactive';
  const others = ctx.store.deployments.count({ repoId: repo.id, environment: deployment.environment }) > 1;
  if (active && others) {
    const message = 'We cannot delete an active deployment unless it is the only deployment in a given environment.';
    throw new Refusal(422, message);
  }
  ctx.store.transaction(() => {
    for (const { id } of ctx.store.deploymentStatuses.find({ deploymentId: deployment.id })) {
      ctx.store.deploymentStatuses.delete(id);
    }
    ctx.store.deployments.delete(deployment.id);
  });
}
