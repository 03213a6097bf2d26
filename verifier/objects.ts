import { type Approval, type Issue, type Repository, resources, type TierPolicy, trustObjects } from '#crds';
import { policyNameOf } from '#lib/grading';
import { CONFIG_MAPS, type Informer, type KubeObject, type Manager, type Resource } from '#lib/kube';

export const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
export const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
export const TIER_POLICIES = resources.TierPolicy as Resource<TierPolicy & KubeObject>;
export const APPROVALS = resources.Approval as Resource<Approval & KubeObject>;

/** The caches of everything that the verifier watches, on every replica. */
export interface Objects {
  readonly repositories: Informer<Repository & KubeObject>;
  readonly issues: Informer<Issue & KubeObject>;
  readonly approvals: Informer<Approval & KubeObject>;
  readonly policies: Informer<TierPolicy & KubeObject>;
  /** That something changed of who may approve, or of the trusted root: what they say is read when it is asked for. */
  readonly trust: readonly Informer<KubeObject>[];
}

/** The manager's informers over the verifier's kinds, indexed for the questions below. */
export function watchObjects(manager: Pick<Manager, 'informer'>): Objects {
  return {
    repositories: manager.informer(REPOSITORIES).addIndex(POLICY, (repository) => [policyNameOf(repository)]),
    issues: manager
      .informer(ISSUES)
      .addIndex(REPOSITORY, ({ metadata, spec }) => [`${metadata.namespace}/${spec.repositoryRef.name}`]),
    approvals: manager
      .informer(APPROVALS)
      .addIndex(ISSUE, ({ metadata, spec }) => [`${metadata.namespace}/${spec.issueRef.name}`]),
    policies: manager.informer(TIER_POLICIES),
    trust: [trustObjects.humans, trustObjects.machines, trustObjects.root].map(({ name }) =>
      manager.informer(CONFIG_MAPS, {
        namespace: trustObjects.namespace,
        fieldSelector: `metadata.name=${name}`,
        transform: ({ metadata }) => ({ metadata }),
      }),
    ),
  };
}

const POLICY = 'policy';
const REPOSITORY = 'repository';
const ISSUE = 'issue';

/** Issues of a Repository, by its key. */
export function issuesOf({ issues }: Pick<Objects, 'issues'>, repository: string): (Issue & KubeObject)[] {
  return issues.byIndex(REPOSITORY, repository);
}

/** Approvals that were made for an Issue of that name and uid. */
export function approvalsOf({ approvals }: Pick<Objects, 'approvals'>, issue: Issue): (Approval & KubeObject)[] {
  const { namespace, name, uid } = issue.metadata;
  return approvals.byIndex(ISSUE, `${namespace}/${name}`).filter(({ spec }) => spec.issueRef.uid === uid);
}

/** Keys of the Repositories that a TierPolicy grades. */
export function gradedBy({ repositories }: Pick<Objects, 'repositories'>, policy: string): string[] {
  return repositories.byIndex(POLICY, policy).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

/** The number of an Issue at the forge; undefined before it is filed there. */
export function numberOf({ spec, status }: Issue): number | undefined {
  return spec.number ?? status?.number;
}
