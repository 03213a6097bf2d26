import type { Context } from '../context.ts';
import type { DeployerConfig, DeploymentRow, RepositoryRow } from '../store/index.ts';
import type { Actor } from './actor.ts';
import { createDeployment, createDeploymentStatus } from './deployments.ts';
import { upsertApp } from './identities.ts';

/** Sets or takes away who deploys the default branch. What was pushed before is not deployed. */
export function setDeployer(ctx: Context, repo: RepositoryRow, deployer: DeployerConfig | null): void {
  ctx.store.repositories.update(repo.id, { deployer });
}

/**
 * Begins a deployment of a commit of the default branch if the repository has a deployer. Inside the transaction that observed the push, so
 * that no crash leaves a push undeployed or deployed twice.
 */
export function requestDeployment(ctx: Context, repo: RepositoryRow, sha: string): void {
  const deployer = ctx.store.repositories.get(repo.id)?.deployer ?? null;
  if (deployer === null) return;
  const actor = reporter(ctx, deployer);
  const deployment = createDeployment(ctx, repo, actor, {
    sha,
    ref: repo.defaultBranch,
    task: 'deploy',
    payload: {},
    environment: deployer.environment,
    description: null,
    transient: false,
    production: deployer.environment.toLowerCase() === 'production',
    reportAt: ctx.clock() + deployer.delaySeconds * 1000,
    deployer,
  });
  createDeploymentStatus(ctx, repo, actor, deployment.id, { state: 'in_progress' });
  ctx.store.afterCommit(() => ctx.wakeDeployer());
}

/** Reports the outcome of a deployment of the forge's own, once: the second call does nothing. */
export function finishDeployment(ctx: Context, id: number): void {
  ctx.store.transaction(() => {
    const deployment = ctx.store.deployments.get(id);
    const repo = deployment && ctx.store.repositories.get(deployment.repoId);
    if (deployment === undefined || repo === undefined || deployment.deployer === null) return;
    if (deployment.reportAt === null) return;
    ctx.store.deployments.update(id, { reportAt: null });
    const { outcome } = deployment.deployer;
    const environmentUrl = outcome === 'success' ? siteURL(ctx, deployment) : '';
    createDeploymentStatus(ctx, repo, reporter(ctx, deployment.deployer), id, { state: outcome, environmentUrl });
  });
}

/** Where a deployment of the forge's own is to be seen. */
function siteURL(ctx: Context, { id, sha, deployer }: DeploymentRow): string {
  const template = deployer?.url ?? `${ctx.html}/_sites/{id}/`;
  return template.replaceAll('{sha}', sha).replaceAll('{short}', sha.slice(0, 8)).replaceAll('{id}', String(id));
}

function reporter(ctx: Context, { app: slug }: DeployerConfig): Actor {
  const { app, bot } = upsertApp(ctx, slug);
  return { user: bot, app };
}
