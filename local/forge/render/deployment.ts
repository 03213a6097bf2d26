import type { Context } from '../context.ts';
import { type DeploymentRow, type DeploymentStatusRow, nodeId, type RepositoryRow } from '../store/index.ts';
import { repositoryURL } from './repository.ts';
import { renderApp, renderUserById } from './user.ts';

const viaApp = (ctx: Context, appId: number | null) => {
  const app = appId === null ? undefined : ctx.store.apps.get(appId);
  return app === undefined ? null : renderApp(ctx, app);
};

/** OpenAPI `deployment`. */
export function renderDeployment(ctx: Context, repo: RepositoryRow, deployment: DeploymentRow) {
  const url = `${repositoryURL(ctx, repo)}/deployments/${deployment.id}`;
  return {
    url,
    id: deployment.id,
    node_id: nodeId('deployment', deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.originalEnvironment,
    environment: deployment.environment,
    description: deployment.description,
    creator: renderUserById(ctx, deployment.creatorId),
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: repositoryURL(ctx, repo),
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: viaApp(ctx, deployment.appId),
  };
}

/** OpenAPI `deployment-status`. */
export function renderDeploymentStatus(ctx: Context, repo: RepositoryRow, status: DeploymentStatusRow) {
  const deployment = `${repositoryURL(ctx, repo)}/deployments/${status.deploymentId}`;
  return {
    url: `${deployment}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('deploymentStatus', status.id),
    state: status.state,
    creator: renderUserById(ctx, status.creatorId),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: deployment,
    repository_url: repositoryURL(ctx, repo),
    // GitHub's schema allows no empty address, only none.
    ...(status.environmentUrl === '' ? {} : { environment_url: status.environmentUrl }),
    ...(status.logUrl === '' ? {} : { log_url: status.logUrl }),
    performed_via_github_app: viaApp(ctx, status.appId),
  };
}
