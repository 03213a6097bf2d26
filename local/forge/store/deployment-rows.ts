export type DeploymentState = 'error' | 'failure' | 'inactive' | 'in_progress' | 'queued' | 'pending' | 'success';

/** How the forge itself deploys a repository's default branch: what a hosting service's App does on GitHub. */
export interface DeployerConfig {
  /** Slug of the App that reports. */
  readonly app: string;
  readonly environment: string;
  /** `{sha}`, `{short}` and `{id}` (of the deployment) are filled in; null for the forge's own site of that commit. */
  readonly url: string | null;
  /** The directory of the commit that is served when `url` is null; empty for its root. */
  readonly root: string;
  readonly outcome: 'success' | 'failure' | 'error';
  readonly delaySeconds: number;
}

export interface DeploymentRow {
  id: number;
  repoId: number;
  sha: string;
  ref: string;
  task: string;
  payload: Record<string, unknown> | string;
  environment: string;
  originalEnvironment: string;
  description: string | null;
  transient: boolean;
  production: boolean;
  creatorId: number;
  appId: number | null;
  createdAt: string;
  updatedAt: string;
  /** When the forge's own deployer reports its outcome, in milliseconds since 1970; null once it has and for all other deployments. */
  reportAt: number | null;
  /** What the deployer was told when it began, so that a change of its configuration changes no deployment under way. */
  deployer: DeployerConfig | null;
}

export interface DeploymentStatusRow {
  id: number;
  repoId: number;
  deploymentId: number;
  state: DeploymentState;
  environment: string;
  description: string;
  /** Also GitHub's older `target_url`. */
  logUrl: string;
  environmentUrl: string;
  creatorId: number;
  appId: number | null;
  createdAt: string;
}
