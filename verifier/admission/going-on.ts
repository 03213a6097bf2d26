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
  /** Whether a person signed the merge of this very head for this very Issue. Rejects where that cannot be told. */
  readonly isApproved: (issue: Issue & KubeObject, pull: PullRequestSummary) => Promise<boolean>;
}

/**
 * Whether the verifier finds that an Issue may go on: the verifier's own check lets every pull request of it through, and where it has none it is graded
 * below T3 by what it says. Which pull requests it has is told by the forge: a status, which whoever asks has written, only names one more. What that one
 * says of itself may have been written into it since its check was reported, and what was merged may have been so before the Issue was what it is: at T3
 * it counts by a person's signature for this Issue. Throws ForgeError, and what `isApproved` throws.
 */
export async function mayGoOn(sources: GoingOnSources, issue: Issue & KubeObject): Promise<boolean> {
  const { repositories, policies, forges } = sources;
  const repository = repositories.get(issue.metadata.namespace, issue.spec.repositoryRef.name);
  if (repository === undefined) return false;
  const { forge } = await forges.forRepository(repository);
  const pulls = await pullsOf(forge, repository, issue);
  if (pulls === null) return false;
  const { open, named } = pulls;
  const grading = policies.of(repository);
  const isBelow = grading.state === 'graded' && gradeOfIssue(grading, issue).tier !== 'T3';
  if (named === null) return open.length > 0 ? isLetThrough(forge, repository.spec, open) : isBelow;
  const isApproved = await sources.isApproved(issue, named);
  if (!isApproved && !isBelow) return false;
  return isLetThrough(forge, repository.spec, [named, ...besides(named, open, { issue, isApproved })]);
}

interface Pulls {
  /** Those of the Issue's branches that are open. */
  readonly open: readonly PullRequestSummary[];
  /** The one that the status names beside them, unless that was given up. */
  readonly named: PullRequestSummary | null;
}

/** The pull requests of an Issue. Null where the named one is another's, or not all are shown. */
async function pullsOf(forge: AskedForge, { spec }: Repository, issue: Issue & KubeObject): Promise<Pulls | null> {
  const { owner, name } = spec;
  const listed = await forge.listPullRequests({ owner, name }, { state: 'open' });
  if (listed.notModified || !listed.complete) return null;
  const open = listed.items.filter((pull) => attemptOf(issue, pull) !== null);
  const number = issue.status?.pullRequest?.number;
  if (number === undefined || open.some((pull) => pull.number === number)) return { open, named: null };
  const named =
    listed.items.find((pull) => pull.number === number) ?? (await forge.pullRequest({ owner, name }, number));
  const { status: _, ...said } = issue;
  if (issuesOfPull([said as Issue], spec, named).length === 0) return null;
  return { open, named: named.state === 'closed' ? null : named };
}

/**
 * Open ones that have to be let through beside the named one. Where that is merged, what came before it is left over: attempts before its own, and
 * all of them where it is of no attempt and a person signed for it.
 */
function besides(
  named: PullRequestSummary,
  open: readonly PullRequestSummary[],
  { issue, isApproved }: { readonly issue: Issue; readonly isApproved: boolean },
): readonly PullRequestSummary[] {
  if (named.state !== 'merged') return open;
  const attempt = attemptOf(issue, named);
  if (attempt === null) return isApproved ? [] : open;
  return open.filter((pull) => !(attemptOf(issue, pull)! < attempt));
}

/** Which attempt at an Issue a pull request is of, by its branch; NaN where that does not say. Null for one of another branch, or of a fork. */
function attemptOf({ metadata }: Issue, { head, base }: PullRequestSummary): number | null {
  const branches = `rig/${metadata.name}/`;
  if (!head.ref.startsWith(branches) || head.repositoryId !== base.repositoryId) return null;
  return Number(head.ref.slice(branches.length));
}

async function isLetThrough(
  forge: AskedForge,
  { owner, name }: RepositoryName,
  pulls: readonly PullRequestSummary[],
): Promise<boolean> {
  const checks = await Promise.all(pulls.map(({ head }) => forge.ownCheck({ owner, name }, head.sha, APPROVAL_CHECK)));
  return checks.every((check) => check?.conclusion === 'success');
}
