import type { Context } from '../../context.ts';
import { isRequired, latestRuns, latestStatuses } from '../../model/index.ts';
import { avatarURL, checkRunPage, repositoryPage } from '../../render/index.ts';
import {
  type CheckRunRow,
  type CheckSuiteRow,
  decodeNodeId,
  nodeId,
  type RepositoryRow,
  type StatusRow,
} from '../../store/index.ts';
import { connect } from '../connection.ts';
import { type Args, commitNode, type Fields, repositoryNode, userById } from '../nodes.ts';

interface RollupNode {
  readonly repo: RepositoryRow;
  readonly sha: string;
  readonly runs: readonly CheckRunRow[];
  readonly statuses: readonly StatusRow[];
}

/** The checks and statuses on a commit, or null if there are none. */
export function rollupOf(ctx: Context, repo: RepositoryRow, sha: string): RollupNode | null {
  const runs = latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: sha }));
  const statuses = latestStatuses(ctx, repo, sha).reverse();
  return runs.length + statuses.length === 0 ? null : { repo, sha, runs, statuses };
}

export const StatusCheckRollup: Fields<RollupNode> = {
  id: ({ repo, sha }) => nodeId('commit', `rollup:${repo.id}:${sha}`),
  state: (node) => rollupState(node),
  commit: ({ repo, sha }, _, request) => commitNode(request, repo, sha),
  contexts: ({ repo, runs, statuses }, args) =>
    connect(
      [
        ...runs.map((run) => ({ __typename: 'CheckRun', repo, run })),
        ...statuses.map((status) => ({ __typename: 'StatusContext', repo, status })),
      ],
      args,
      (context) => context,
    ),
};

const FAILED = new Set(['failure', 'timed_out', 'cancelled', 'action_required', 'startup_failure', 'stale']);

function rollupState({ runs, statuses }: RollupNode): string {
  if (statuses.some(({ state }) => state === 'error')) return 'ERROR';
  const failed =
    runs.some((run) => FAILED.has(run.conclusion ?? '')) || statuses.some(({ state }) => state === 'failure');
  if (failed) return 'FAILURE';
  const pending = runs.some((run) => run.status !== 'completed') || statuses.some(({ state }) => state === 'pending');
  return pending ? 'PENDING' : 'SUCCESS';
}

/** Whether the pull request that the query names needs a report; nothing is required of none. */
function requiredBy(ctx: Context, repo: RepositoryRow, args: Args, name: string, appId: number | null): boolean {
  const id = args.pullRequestId == null ? undefined : decodeNodeId('pull', String(args.pullRequestId));
  const byNumber = () => ctx.store.pulls.first({ repoId: repo.id, number: Number(args.pullRequestNumber) });
  const pull = id === undefined ? byNumber() : ctx.store.pulls.get(id);
  return pull !== undefined && pull.repoId === repo.id && isRequired(ctx, repo, pull, name, appId);
}

export const CheckRun: Fields<{ repo: RepositoryRow; run: CheckRunRow }> = {
  id: ({ run }) => nodeId('checkRun', run.id),
  databaseId: ({ run }) => run.id,
  name: ({ run }) => run.name,
  status: ({ run }) => run.status.toUpperCase(),
  conclusion: ({ run }) => run.conclusion?.toUpperCase() ?? null,
  startedAt: ({ run }) => run.startedAt,
  completedAt: ({ run }) => run.completedAt,
  externalId: ({ run }) => run.externalId,
  title: ({ run }) => run.output.title,
  summary: ({ run }) => run.output.summary,
  text: ({ run }) => run.output.text,
  url: ({ repo, run }, _, { ctx }) => checkRunPage(ctx, repo, run),
  permalink: ({ repo, run }, _, { ctx }) => checkRunPage(ctx, repo, run),
  detailsUrl: ({ repo, run }, _, { ctx }) => run.detailsUrl ?? checkRunPage(ctx, repo, run),
  isRequired: ({ repo, run }, args, { ctx }) => requiredBy(ctx, repo, args, run.name, run.appId),
  repository: ({ repo }) => repositoryNode(repo),
  checkSuite: ({ repo, run }, _, { ctx }) => ({ repo, suite: ctx.store.checkSuites.get(run.suiteId)! }),
};

export const CheckSuite: Fields<{ repo: RepositoryRow; suite: CheckSuiteRow }> = {
  id: ({ suite }) => nodeId('checkSuite', suite.id),
  databaseId: ({ suite }) => suite.id,
  app: ({ suite }, _, { ctx }) => ctx.store.apps.get(suite.appId) ?? null,
  // Both as they were stored with the suite: a rollup asks for them once for each of its checks.
  commit: ({ repo, suite }) => ({ __typename: 'Commit', repo, commit: suite.headCommit }),
  branch: ({ repo, suite }) =>
    suite.headBranch === null ? null : { repo, name: `refs/heads/${suite.headBranch}`, oid: suite.headSha },
  status: ({ suite }) => suite.status.toUpperCase(),
  conclusion: ({ suite }) => suite.conclusion?.toUpperCase() ?? null,
  createdAt: ({ suite }) => suite.createdAt,
  updatedAt: ({ suite }) => suite.updatedAt,
  repository: ({ repo }) => repositoryNode(repo),
  url: ({ repo, suite }, _, { ctx }) => `${repositoryPage(ctx, repo)}/commit/${suite.headSha}/checks`,
  checkRuns: ({ repo, suite }, args, { ctx }) =>
    connect(ctx.store.checkRuns.find({ suiteId: suite.id }), args, (run) => ({ __typename: 'CheckRun', repo, run })),
};

export const StatusContext: Fields<{ repo: RepositoryRow; status: StatusRow }> = {
  id: ({ status }) => nodeId('status', status.id),
  context: ({ status }) => status.context,
  state: ({ status }) => status.state.toUpperCase(),
  description: ({ status }) => status.description,
  targetUrl: ({ status }) => status.targetUrl,
  createdAt: ({ status }) => status.createdAt,
  creator: ({ status }, _, request) => userById(request, status.creatorId),
  avatarUrl: ({ status }, _, { ctx }) => avatarURL(ctx, ctx.store.users.get(status.creatorId)!),
  commit: ({ repo, status }, _, request) => commitNode(request, repo, status.sha),
  isRequired: ({ repo, status }, args, { ctx }) => {
    const app = ctx.store.apps.find().find(({ userId }) => userId === status.creatorId);
    return requiredBy(ctx, repo, args, status.context, app?.id ?? null);
  },
};
