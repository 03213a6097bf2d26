import type { Issue, Repository } from '#crds';
import type { FactUpdate } from '#lib/forge';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { issuesOf, numberOf } from '../objects.ts';
import { STACK_FILE } from '../repositories/stack.ts';

export interface AffectedIssue {
  readonly namespace: string;
  readonly name: string;
  /** False where it was named only because it cannot be told yet. */
  readonly certain: boolean;
}

/** Phases of issues that are not worked: they have no pull request that their status does not name. */
const AT_REST: readonly (string | undefined)[] = ['Pending', 'Queued', 'AwaitingHuman', 'Failed', 'Cancelled', 'Done'];
const ENDED: readonly (string | undefined)[] = ['Failed', 'Cancelled', 'Done'];

/**
 * Issues that should be looked at again after this update: those it names, and those whose next step it may change. However many wait in the
 * queue, a delivery about a pull request looks at none of them, and a push only where it may have changed the stack that they ask for.
 */
export async function affectedIssues(
  conductor: Conductor,
  key: RepositoryKey,
  followers: readonly Repository[],
  update: FactUpdate,
): Promise<AffectedIssue[]> {
  const pulls = new Set(await pullsOf(conductor, key, update));
  return followers.flatMap(({ metadata }) =>
    issuesOf(conductor.objects, metadata.namespace!, metadata.name!)
      .filter(({ status }) => status?.phase !== 'Done')
      .map((issue) => ({ issue, certain: isNamed(issue, update, pulls) }))
      .filter(({ issue, certain }) => certain || mayConcern(issue, update, pulls))
      .map(({ issue, certain }) => ({ namespace: issue.metadata.namespace!, name: issue.metadata.name!, certain })),
  );
}

function isNamed(issue: Issue, update: FactUpdate, pulls: ReadonlySet<number>): boolean {
  const branches = `rig/${issue.metadata.name}/`;
  if (update.kind === 'issue' && numberOf(issue) === update.number) return true;
  if (update.kind === 'pull-request' && update.facts.head.ref.startsWith(branches)) return true;
  if (update.kind === 'push' && update.ref.startsWith(`refs/heads/${branches}`)) return true;
  return issue.status?.pullRequest !== undefined && pulls.has(issue.status.pullRequest.number);
}

function mayConcern({ status }: Issue, update: FactUpdate, pulls: ReadonlySet<number>): boolean {
  const phase = status?.phase;
  if (ENDED.includes(phase)) return false;
  // A change that was merged is live, or not, also while a person is asked about it.
  const merged = status?.pullRequest?.mergeSHA !== undefined;
  switch (update.kind) {
    case 'repository':
      return true;
    case 'deployment':
      return merged || phase === 'Deploying';
    case 'push':
      // The tip of the default branch: what the change has to contain, what was deployed, and what says the stack.
      if (update.ref !== `refs/heads/${update.defaultBranch}`) return false;
      return status?.pullRequest !== undefined || phase === 'Deploying' || (waits(status) && mayMoveStack(update));
    default:
      // Until the status of one that is worked names its pull request, any may be this issue's.
      return pulls.size > 0 && status?.branch !== undefined && !status.pullRequest && !AT_REST.includes(phase);
  }
}

/** Whether the next thing an issue gets is an Agent. */
function waits(status: Issue['status']): boolean {
  if (status?.phase !== 'AwaitingHuman') return status?.phase === 'Queued';
  return status.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'NoAgentFits') ?? false;
}

function mayMoveStack({ topFiles }: Extract<FactUpdate, { kind: 'push' }>): boolean {
  return topFiles?.includes(STACK_FILE) ?? true;
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
