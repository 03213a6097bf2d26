import { type Agent, type AgentTask, type Issue, type Repository, resources } from '#crds';
import { createInformer, type Informer, JOBS, type KubeClient, type KubeObject, type Resource } from '#lib/kube';
import type { Logger } from '#lib/observe';

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

/** Informers over the conductor's kinds and the Jobs it made; not started. */
export function watchObjects(client: KubeClient, logger: Logger): Objects {
  return {
    repositories: createInformer(client, REPOSITORIES, { logger }),
    agents: createInformer(client, AGENTS, { logger }),
    issues: createInformer(client, ISSUES, { logger }),
    tasks: createInformer(client, AGENT_TASKS, { logger }),
    jobs: createInformer<Job>(client, JOBS as Resource<Job>, { logger, labelSelector: 'rig.dashecorp.com/task' }),
  };
}
