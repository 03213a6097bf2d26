import type { Issue, Repository } from '#crds';
import { APPROVAL_CHECK } from '#domain';
import type { Forge, PullRequestSummary, RepositoryName } from '#lib/forge';
import type { TierPolicies } from '#lib/grading';
import type { Informer, KubeObject } from '#lib/kube';
import { gradeOfIssue, issuesOfPull } from '../check/work.ts';

type AskedForge = Pick<Forge, 'listPullRequests' | 'pullRequest' | 'ownCheck'>;

export interface GoingOnSources {
  readonly repositories: Pick<Informer<Repository & KubeObject>, 'get'>;
  readonly policies: Pick<TierPolicies, 'of'>;
  readonly forges: {
    forRepository(repository: Repository): Promise<{ readonly forge: AskedForge }>;
  };
}

/**
 * Whether the verifier finds that an Issue may go on: the verifier's own check lets every pull request of it through, and where it has none it is graded
 * below T3 by what it says. Which pull requests it has is told by the forge: a status, which whoever asks has written, only names one more. Throws
 * ForgeError.
 */
export async function mayGoOn(
  { repositories, policies, forges }: GoingOnSources,
  issue: Issue & KubeObject,
): Promise<boolean> {
  const repository = repositories.get(issue.metadata.namespace, issue.spec.repositoryRef.name);
  if (repository === undefined) return false;
  const { forge } = await forges.forRepository(repository);
  const pulls = await pullsOf(forge, repository, issue);
  if (pulls === null) return false;
  if (pulls.length > 0) return isLetThrough(forge, repository.spec, pulls);
  const grading = policies.of(repository);
  return grading.state === 'graded' && gradeOfIssue(grading, issue).tier !== 'T3';
}

/**
 * Those of an Issue that are open, and the one that its status names unless that was given up; that one alone where it is merged, for then the others are
 * left over. Null where the named one is another's, or not all are shown.
 */
async function pullsOf(
  forge: AskedForge,
  { spec }: Repository,
  issue: Issue & KubeObject,
): Promise<readonly PullRequestSummary[] | null> {
  const { owner, name } = spec;
  const listed = await forge.listPullRequests({ owner, name }, { state: 'open' });
  if (listed.notModified || !listed.complete) return null;
  const branches = `rig/${issue.metadata.name}/`;
  const open = listed.items.filter(
    ({ head, base }) => head.ref.startsWith(branches) && head.repositoryId === base.repositoryId,
  );
  const number = issue.status?.pullRequest?.number;
  if (number === undefined || open.some((pull) => pull.number === number)) return open;
  const named =
    listed.items.find((pull) => pull.number === number) ?? (await forge.pullRequest({ owner, name }, number));
  const { status: _, ...said } = issue;
  if (issuesOfPull([said as Issue], spec, named).length === 0) return null;
  if (named.state === 'merged') return [named];
  return named.state === 'closed' ? open : [...open, named];
}

async function isLetThrough(
  forge: AskedForge,
  { owner, name }: RepositoryName,
  pulls: readonly PullRequestSummary[],
): Promise<boolean> {
  const checks = await Promise.all(pulls.map(({ head }) => forge.ownCheck({ owner, name }, head.sha, APPROVAL_CHECK)));
  return checks.every((check) => check?.conclusion === 'success');
}
