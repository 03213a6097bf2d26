import type { Issue, Repository } from '#crds';
import type { FactUpdate } from '#lib/forge';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';

export interface AffectedIssue {
  readonly namespace: string;
  readonly name: string;
  /** False where it was named only because it cannot be told yet. */
  readonly certain: boolean;
}

/** Issues that should be looked at again after this update. Looking without need is cheap, so in doubt an issue is named. */
export async function affectedIssues(
  conductor: Conductor,
  key: RepositoryKey,
  followers: readonly Repository[],
  update: FactUpdate,
): Promise<AffectedIssue[]> {
  const pulls = new Set(await pullsOf(conductor, key, update));
  const moved = update.kind === 'push' && update.ref === `refs/heads/${update.defaultBranch}`;
  const names = (issue: Issue): boolean => {
    if (update.kind === 'issue' && (issue.spec.number ?? issue.status?.number) === update.number) return true;
    if (update.kind === 'pull-request' && update.facts.head.ref.startsWith(`rig/${issue.metadata.name}/`)) return true;
    if (update.kind === 'push' && update.ref.startsWith(`refs/heads/rig/${issue.metadata.name}/`)) return true;
    return issue.status?.pullRequest !== undefined && pulls.has(issue.status.pullRequest.number);
  };
  const concerns = (issue: Issue): boolean =>
    update.kind === 'repository' ||
    (update.kind === 'deployment' && issue.status?.phase === 'Deploying') ||
    moved ||
    names(issue) ||
    // Until the status names its pull request, any may be this issue's.
    (pulls.size > 0 && issue.status?.pullRequest === undefined);
  return followers.flatMap((repository) =>
    conductor.objects.issues
      .list(repository.metadata.namespace!)
      .filter(
        (issue) =>
          issue.spec.repositoryRef.name === repository.metadata.name &&
          issue.status?.phase !== 'Done' &&
          concerns(issue),
      )
      .map((issue) => ({
        namespace: issue.metadata.namespace!,
        name: issue.metadata.name!,
        certain: names(issue),
      })),
  );
}

async function pullsOf(conductor: Conductor, key: RepositoryKey, update: FactUpdate): Promise<readonly number[]> {
  switch (update.kind) {
    case 'pull-request':
    case 'review':
    case 'thread':
    case 'review-comment':
      return [update.number];
    case 'comment':
      return update.onPullRequest ? [update.number] : [];
    case 'check':
    case 'check-suite':
      return [...update.pullRequests, ...(await conductor.mirror.pullsWithHead(conductor.log.pool, key, update.sha))];
    default:
      return [];
  }
}
