import type { Context } from '../../context.ts';
import { stateOf } from '../../model/index.ts';
import {
  type DeploymentRow,
  type DeploymentState,
  type DeploymentStatusRow,
  nodeId,
  type RepositoryRow,
} from '../../store/index.ts';
import { connect } from '../connection.ts';
import { type Args, commitNode, type Fields, repositoryNode, userById } from '../nodes.ts';

interface DeploymentNode {
  readonly repo: RepositoryRow;
  readonly deployment: DeploymentRow;
}
interface StatusNode extends DeploymentNode {
  readonly status: DeploymentStatusRow;
}

/** GraphQL calls a deployment that succeeded active. */
const STATE: Readonly<Record<DeploymentState, string>> = {
  error: 'ERROR',
  failure: 'FAILURE',
  inactive: 'INACTIVE',
  in_progress: 'IN_PROGRESS',
  queued: 'QUEUED',
  pending: 'PENDING',
  success: 'ACTIVE',
};

/** A repository's deployments, oldest first unless `orderBy` says otherwise. */
export function deploymentsOf(ctx: Context, repo: RepositoryRow, args: Args) {
  const environments = args.environments as string[] | null | undefined;
  const order = args.orderBy as { direction?: string } | null | undefined;
  const found = ctx.store.deployments
    .find({ repoId: repo.id }, { descending: order?.direction === 'DESC' })
    .filter(({ environment }) => environments == null || environments.includes(environment));
  return connect(found, args, (deployment) => ({ repo, deployment }));
}

export const Deployment: Fields<DeploymentNode> = {
  id: ({ deployment }) => nodeId('deployment', deployment.id),
  databaseId: ({ deployment }) => deployment.id,
  commitOid: ({ deployment }) => deployment.sha,
  commit: ({ repo, deployment }, _, request) => commitNode(request, repo, deployment.sha),
  createdAt: ({ deployment }) => deployment.createdAt,
  updatedAt: ({ deployment }) => deployment.updatedAt,
  creator: ({ deployment }, _, request) => userById(request, deployment.creatorId),
  description: ({ deployment }) => deployment.description,
  environment: ({ deployment }) => deployment.environment,
  latestEnvironment: ({ deployment }) => deployment.environment,
  originalEnvironment: ({ deployment }) => deployment.originalEnvironment,
  task: ({ deployment }) => deployment.task,
  payload: ({ deployment }) => JSON.stringify(deployment.payload),
  repository: ({ repo }) => repositoryNode(repo),
  state: ({ deployment }, _, { ctx }) => STATE[stateOf(ctx, deployment)?.state ?? 'pending'],
  latestStatus: ({ repo, deployment }, _, { ctx }) => {
    const status = stateOf(ctx, deployment);
    return status === undefined ? null : { repo, deployment, status };
  },
  statuses: ({ repo, deployment }, args, { ctx }) => {
    const all = ctx.store.deploymentStatuses.find({ deploymentId: deployment.id }, { descending: true });
    return connect(all, args, (status) => ({ repo, deployment, status }));
  },
};

export const DeploymentStatus: Fields<StatusNode> = {
  id: ({ status }) => nodeId('deploymentStatus', status.id),
  state: ({ status }) => status.state.toUpperCase(),
  environment: ({ status }) => status.environment,
  environmentUrl: ({ status }) => status.environmentUrl || null,
  logUrl: ({ status }) => status.logUrl || null,
  description: ({ status }) => status.description,
  createdAt: ({ status }) => status.createdAt,
  updatedAt: ({ status }) => status.createdAt,
  creator: ({ status }, _, request) => userById(request, status.creatorId),
  deployment: ({ repo, deployment }) => ({ repo, deployment }),
};
