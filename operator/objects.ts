import {
  type Agent,
  type AgentTask,
  type Approval,
  type Issue,
  labels,
  type Repository,
  resources,
  type TierPolicy,
} from '#crds';
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
export const APPROVALS = resources.Approval as Resource<Approval & KubeObject>;
export const TIER_POLICIES = resources.TierPolicy as Resource<TierPolicy & KubeObject>;
export const AGENT_TASKS = resources.AgentTask as Resource<AgentTask & KubeObject>;

/** The caches of everything the conductor watches, on every replica. */
export interface Objects {
  readonly repositories: Informer<Repository & KubeObject>;
  readonly agents: Informer<Agent & KubeObject>;
  readonly issues: Informer<Issue & KubeObject>;
  readonly tasks: Informer<AgentTask & KubeObject>;
  readonly approvals: Informer<Approval & KubeObject>;
  readonly jobs: Informer<Job>;
  /** Jobs of commands of `spec.verify`. */
  readonly checks: Informer<Job>;
}

/** The manager's informers over the conductor's kinds and the Jobs it made, indexed for the questions below. */
export function watchObjects(manager: Manager): Objects {
  return {
    repositories: manager.informer(REPOSITORIES),
    agents: manager.informer(AGENTS),
    issues: manager
      .informer(ISSUES)
      .addIndex(REPOSITORY, (issue) => [within(issue, issue.spec.repositoryRef.name)])
      .addIndex(DEPENDENCY, (issue) => issue.spec.dependsOn.map(({ name }) => within(issue, name)))
      .addIndex(PARENT, (issue) =>
        issue.spec.parentRef === undefined ? [] : [within(issue, issue.spec.parentRef.name)],
      )
      .addIndex(NUMBER, (issue) => {
        const number = numberOf(issue);
        return number === undefined ? [] : [within(issue, `${issue.spec.repositoryRef.name}#${number}`)];
      }),
    tasks: manager
      .informer(AGENT_TASKS)
      .addIndex(ISSUE, ({ metadata, spec }) =>
        spec.subject.issueRef === undefined ? [] : [`${metadata.namespace}/${spec.subject.issueRef.name}`],
      ),
    approvals: manager
      .informer(APPROVALS)
      .addIndex(ISSUE, ({ metadata, spec }) => [`${metadata.namespace}/${spec.issueRef.name}`]),
    jobs: manager.informer<Job>(JOBS as Resource<Job>, { labelSelector: labels.task }),
    checks: manager.informer<Job>(JOBS as Resource<Job>, { labelSelector: labels.verify }),
  };
}

const REPOSITORY = 'repository';
const DEPENDENCY = 'dependency';
const PARENT = 'parent';
const NUMBER = 'number';
const ISSUE = 'issue';

/** Issues that work on a Repository of their namespace. */
export function issuesOf({ issues }: Objects, namespace: string, repository: string): (Issue & KubeObject)[] {
  return issues.byIndex(REPOSITORY, `${namespace}/${repository}`);
}

/** Issues that name another as one to wait for. */
export function dependentsOf(
  { issues }: { issues: Pick<Objects['issues'], 'byIndex'> },
  namespace: string,
  issue: string,
): (Issue & KubeObject)[] {
  return issues.byIndex(DEPENDENCY, `${namespace}/${issue}`);
}

/** Issues that name another as their parent. */
export function childrenOf(
  { issues }: { issues: Pick<Objects['issues'], 'byIndex'> },
  namespace: string,
  issue: string,
): (Issue & KubeObject)[] {
  return issues.byIndex(PARENT, `${namespace}/${issue}`);
}

/** Issues that stand for one issue of the forge, which are several where somebody made a second. */
export function issuesNumbered({ issues }: Objects, issue: Issue, number: number): (Issue & KubeObject)[] {
  return issues.byIndex(NUMBER, within(issue, `${issue.spec.repositoryRef.name}#${number}`));
}

/** AgentTasks of an issue, ended ones too. */
export function agentTasksOf({ tasks }: Objects, namespace: string, issue: string): (AgentTask & KubeObject)[] {
  return tasks.byIndex(ISSUE, `${namespace}/${issue}`);
}

/** Approvals that were made for an issue of that name. */
export function approvalsOf(
  { approvals }: { approvals: Pick<Objects['approvals'], 'byIndex'> },
  namespace: string,
  issue: string,
): (Approval & KubeObject)[] {
  return approvals.byIndex(ISSUE, `${namespace}/${issue}`);
}

/** The number of an Issue at the forge; undefined before it is filed there. */
export function numberOf({ spec, status }: Issue): number | undefined {
  return spec.number ?? status?.number;
}

/** Whether an Issue's text is the forge's: it came from there, whoever wrote it. */
export function isOfForge({ spec: { source, number } }: Issue): boolean {
  return source === 'webhook' || (source === 'agent' && number !== undefined);
}

function within({ metadata }: Issue, name: string): string {
  return `${metadata.namespace}/${name}`;
}
