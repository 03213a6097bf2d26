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
  const { open, closing, named } = pulls;
  const grading = policies.of(repository);
  const isBelow = grading.state === 'graded' && gradeOfIssue(grading, issue).tier !== 'T3';
  // The check of an attempt was made for this Issue: no signature has to be looked for beside it.
  const isOwn = named === null && open.length > 0;
  const isApproved = !isOwn && (await isAnyApproved(sources, issue, named === null ? closing : [named]));
  if (!isOwn && !isApproved && !isBelow) return false;
  const asked = named === null ? [...open, ...closing] : [named, ...besides(named, pulls, { issue, isApproved })];
  return isLetThrough(forge, repository.spec, asked);
}

async function isAnyApproved(
  { isApproved }: GoingOnSources,
  issue: Issue & KubeObject,
  pulls: readonly PullRequestSummary[],
): Promise<boolean> {
  return (await Promise.all(pulls.map((pull) => isApproved(issue, pull)))).includes(true);
}

interface Pulls {
  /** Those of the Issue's branches that are open. */
  readonly open: readonly PullRequestSummary[];
  /** Further open ones of this repository whose text makes them the Issue's. One of a fork would let anybody hold the Issue up. */
  readonly closing: readonly PullRequestSummary[];
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
  const closing = listed.items.filter(
    (pull) =>
      !open.includes(pull) && pull.number !== number && !isOfFork(pull) && issuesOfPull([issue], spec, pull).length > 0,
  );
  if (number === undefined || open.some((pull) => pull.number === number)) return { open, closing, named: null };
  const named =
    listed.items.find((pull) => pull.number === number) ?? (await forge.pullRequest({ owner, name }, number));
  const { status: _, ...said } = issue;
  if (issuesOfPull([said as Issue], spec, named).length === 0) return null;
  return { open, closing, named: named.state === 'closed' ? null : named };
}

/**
 * Open ones that have to be let through beside the named one. Where that is merged, what came before it is left over: attempts before its own, and
 * all of them where it is of no attempt and a person signed for it; and of those that only their text makes the Issue's, what was opened before it.
 */
function besides(
  named: PullRequestSummary,
  { open, closing }: Pick<Pulls, 'open' | 'closing'>,
  { issue, isApproved }: { readonly issue: Issue; readonly isApproved: boolean },
): readonly PullRequestSummary[] {
  const attempt = attemptOf(issue, named);
  if (named.state !== 'merged' || (attempt === null && !isApproved)) return [...open, ...closing];
  const later = attempt === null ? [] : open.filter((pull) => !(attemptOf(issue, pull)! < attempt));
  return [...later, ...closing.filter(({ number }) => number > named.number)];
}

/** Which attempt at an Issue a pull request is of, by its branch; NaN where that does not say. Null for one of another branch, or of a fork. */
function attemptOf({ metadata }: Issue, pull: PullRequestSummary): number | null {
  const branches = `rig/${metadata.name}/`;
  const { ref } = pull.head;
  return !ref.startsWith(branches) || isOfFork(pull) ? null : Number(ref.slice(branches.length));
}

function isOfFork({ head, base }: PullRequestSummary): boolean {
  return head.repositoryId !== base.repositoryId;
}

async function isLetThrough(
  forge: AskedForge,
  { owner, name }: RepositoryName,
  pulls: readonly PullRequestSummary[],
): Promise<boolean> {
  const checks = await Promise.all(pulls.map(({ head }) => forge.ownCheck({ owner, name }, head.sha, APPROVAL_CHECK)));
  return checks.every((check) => check?.conclusion === 'success');
}
