import type { Context } from '../context.ts';
import type { Commit } from '../git/index.ts';
import { type CheckRunRow, type CheckSuiteRow, nodeId, type RepositoryRow, type StatusRow } from '../store/index.ts';
import { renderPullMinimal } from './pull.ts';
import { renderMinimalRepository, repositoryPage, repositoryURL } from './repository.ts';
import { avatarURL, renderApp, renderUserById } from './user.ts';

const appOf = (ctx: Context, id: number) => renderApp(ctx, ctx.store.apps.get(id)!);

function pullsAt(ctx: Context, repo: RepositoryRow, sha: string) {
  const pulls = ctx.store.pulls.find({ repoId: repo.id, headSha: sha });
  const open = pulls.filter((pull) => ctx.store.issues.get(pull.issueId)?.state === 'open');
  return open.map((pull) => renderPullMinimal(ctx, repo, pull));
}

export const checkRunPage = (ctx: Context, repo: RepositoryRow, run: CheckRunRow) =>
  `${repositoryPage(ctx, repo)}/runs/${run.id}`;

/** OpenAPI `check-run`. */
export function renderCheckRun(ctx: Context, repo: RepositoryRow, run: CheckRunRow) {
  const url = `${repositoryURL(ctx, repo)}/check-runs/${run.id}`;
  const page = checkRunPage(ctx, repo, run);
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId('checkRun', run.id),
    head_sha: run.headSha,
    external_id: run.externalId ?? '',
    url,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: { ...run.output, annotations_count: 0, annotations_url: `${url}/annotations` },
    check_suite: { id: run.suiteId },
    app: appOf(ctx, run.appId),
    pull_requests: pullsAt(ctx, repo, run.headSha),
  };
}

/** The run as webhooks carry it: with its suite. */
export function renderCheckRunEvent(ctx: Context, repo: RepositoryRow, run: CheckRunRow) {
  const suite = ctx.store.checkSuites.get(run.suiteId)!;
  const {
    repository: _,
    latest_check_runs_count: __,
    check_runs_url: ___,
    ...rest
  } = renderCheckSuite(ctx, repo, suite);
  return { ...renderCheckRun(ctx, repo, run), check_suite: rest };
}

/** A commit as suites and pushes abbreviate it. */
export function renderSimpleCommit(commit: Commit) {
  const person = ({ name, email }: { name: string; email: string }) => ({ name, email });
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: commit.committer.date,
    author: person(commit.author),
    committer: person(commit.committer),
  };
}

/** OpenAPI `check-suite`. */
export function renderCheckSuite(ctx: Context, repo: RepositoryRow, suite: CheckSuiteRow) {
  const url = `${repositoryURL(ctx, repo)}/check-suites/${suite.id}`;
  return {
    id: suite.id,
    node_id: nodeId('checkSuite', suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    status: suite.status,
    conclusion: suite.conclusion,
    url,
    before: null,
    after: suite.headSha,
    pull_requests: pullsAt(ctx, repo, suite.headSha),
    app: appOf(ctx, suite.appId),
    created_at: suite.createdAt,
    updated_at: suite.updatedAt,
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: ctx.store.checkRuns.count({ suiteId: suite.id }),
    check_runs_url: `${url}/check-runs`,
    head_commit: renderSimpleCommit(suite.headCommit),
    repository: renderMinimalRepository(ctx, repo),
  };
}

/** OpenAPI `status`. */
export function renderStatus(ctx: Context, repo: RepositoryRow, status: StatusRow) {
  const creator = ctx.store.users.get(status.creatorId)!;
  return {
    url: `${repositoryURL(ctx, repo)}/statuses/${status.sha}`,
    avatar_url: avatarURL(ctx, creator),
    id: status.id,
    node_id: nodeId('status', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    creator: renderUserById(ctx, status.creatorId),
  };
}
