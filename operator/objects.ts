import { type Agent, type AgentTask, type Issue, labels, type Repository, resources } from '#crds';
import { type Informer, JOBS, type KubeObject, type Manager, type Resource } from '#lib/kube';

/** A batch/v1 Job, as far as the conductor reads it. */
export interface Job extends KubeObject {
  status?: {
    active?: number;
    succeeded?: number;
    failed?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

export const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
export const AGENTS = resources.Agent as Resource<Agent & KubeObject>;
export const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
export const AGENT_TASKS = resources.AgentTask as Resource<AgentTask & KubeObject>;

/** The caches of everything the conductor watches, on every replica. */
export interface Objects {
  readonly repositories: Informer<Repository & KubeObject>;
  readonly agents: Informer<Agent & KubeObject>;
  readonly issues: Informer<Issue & KubeObject>;
  readonly tasks: Informer<AgentTask & KubeObject>;
  readonly jobs: Informer<Job>;
}

/** The manager's informers over the conductor's kinds and the Jobs it made. */
export function watchObjects(manager: Manager): Objects {
  return {
    repositories: manager.informer(REPOSITORIES),
    agents: manager.informer(AGENTS),
    issues: manager.informer(ISSUES),
    tasks: manager.informer(AGENT_TASKS),
    jobs: manager.informer<Job>(JOBS as Resource<Job>, { labelSelector: labels.task }),
  };
}
