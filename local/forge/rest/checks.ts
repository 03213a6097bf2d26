import { type Static, Type } from 'typebox';
import {
  type CheckRunChange,
  combinedState,
  createCheckRun,
  createStatus,
  latestRuns,
  latestStatuses,
  rerequestCheckRun,
  updateCheckRun,
} from '../model/index.ts';
import { forbidden, invalid, notFound } from '../refusal.ts';
import {
  renderCheckRun,
  renderCheckSuite,
  renderMinimalRepository,
  renderStatus,
  repositoryURL,
} from '../render/index.ts';
import type { CheckRunRow, CheckSuiteRow } from '../store/index.ts';
import { type Answer, created, ok, pagedList, wrapped } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { commitNamed } from './commits.ts';
import type { Routes } from './server.ts';

const CONCLUSIONS = [
  'action_required',
  'cancelled',
  'failure',
  'neutral',
  'success',
  'skipped',
  'stale',
  'timed_out',
] as const;
const RunFields = Type.Object({
  status: optional(Type.Enum(['queued', 'in_progress', 'completed'])),
  conclusion: optional(Type.Enum(CONCLUSIONS)),
  started_at: optional(Type.String()),
  completed_at: optional(Type.String()),
  external_id: optional(Type.String()),
  details_url: optional(Type.String()),
  output: optional(
    Type.Object({
      title: optional(Type.String()),
      summary: Type.String({ maxLength: 65_535 }),
      text: optional(Type.String({ maxLength: 65_535 })),
    }),
  ),
});
const NewRun = Type.Interface([RunFields], { name: Type.String(), head_sha: Type.String() });
const RunChange = Type.Interface([RunFields], { name: optional(Type.String()) });
const NewStatus = Type.Object({
  state: Type.Enum(['error', 'failure', 'pending', 'success']),
  context: optional(Type.String()),
  description: optional(nullable(Type.String({ maxLength: 140 }))),
  target_url: optional(nullable(Type.String())),
});

export const checkRoutes: Routes = {
  'POST /repos/{owner}/{repo}/check-runs': async (call) => {
    const app = needApp(call);
    const body = call.json(NewRun);
    const sha = await commitNamed(call, body.head_sha);
    const branch = call.ctx.store.pulls.first({ repoId: call.repo.id, headSha: sha })?.headRef ?? null;
    const commit = await call.ctx.git(call.repo).commit(sha);
    const run = createCheckRun(call.ctx, call.repo, app, { commit, branch }, { ...readRun(body), name: body.name });
    return created(renderCheckRun(call.ctx, call.repo, run));
  },
  'GET /repos/{owner}/{repo}/check-runs/{check_run_id}': (call) =>
    ok(renderCheckRun(call.ctx, call.repo, checkRun(call))),
  'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}': (call) => {
    const app = needApp(call);
    const run = checkRun(call);
    if (run.appId !== app.id) throw forbidden('Invalid app_id for this check run.');
    const body = call.json(RunChange);
    const next = updateCheckRun(call.ctx, call.repo, run.id, { ...readRun(body), name: body.name });
    return ok(renderCheckRun(call.ctx, call.repo, next));
  },
  'POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest': (call) => {
    call.need('write');
    rerequestCheckRun(call.ctx, call.repo, checkRun(call));
    return created({});
  },
  'GET /repos/{owner}/{repo}/check-suites/{check_suite_id}': (call) => ok(suiteBody(call, checkSuite(call))),
  'GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs': (call) =>
    listRuns(call, call.ctx.store.checkRuns.find({ suiteId: checkSuite(call).id })),
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs': async (call) => {
    const headSha = await commitNamed(call, call.param('ref'));
    return listRuns(call, call.ctx.store.checkRuns.find({ repoId: call.repo.id, headSha }));
  },
  'GET /repos/{owner}/{repo}/commits/{ref}/check-suites': async (call) => {
    const headSha = await commitNamed(call, call.param('ref'));
    const suites = call.ctx.store.checkSuites.find({ repoId: call.repo.id, headSha });
    const bodies = suites.map((suite) => suiteBody(call, suite));
    return wrapped(pagedList(call, bodies), (page) => ({ total_count: suites.length, check_suites: page }));
  },
};

export const statusRoutes: Routes = {
  'POST /repos/{owner}/{repo}/statuses/{sha}': async (call) => {
    call.need('write');
    const body = call.json(NewStatus);
    if (body.target_url != null && URL.parse(body.target_url) === null) throw invalid('Status', 'target_url');
    const git = call.ctx.git(call.repo);
    const commit = await git.commit(await commitNamed(call, call.param('sha')));
    const status = createStatus(call.ctx, call.repo, call.user, commit, {
      state: body.state,
      context: body.context ?? 'default',
      description: body.description ?? null,
      targetUrl: body.target_url ?? null,
    });
    return created(renderStatus(call.ctx, call.repo, status));
  },
  'GET /repos/{owner}/{repo}/commits/{ref}/statuses': async (call) => {
    const sha = await commitNamed(call, call.param('ref'));
    const statuses = call.ctx.store.statuses.find({ repoId: call.repo.id, sha }, { descending: true });
    return pagedList(
      call,
      statuses.map((status) => renderStatus(call.ctx, call.repo, status)),
    );
  },
  'GET /repos/{owner}/{repo}/commits/{ref}/status': async (call) => {
    const sha = await commitNamed(call, call.param('ref'));
    const latest = latestStatuses(call.ctx, call.repo, sha);
    const url = `${repositoryURL(call.ctx, call.repo)}/commits/${sha}`;
    const bodies = latest.map(({ ...status }) => {
      const { creator: _, ...body } = renderStatus(call.ctx, call.repo, status);
      return body;
    });
    return wrapped(pagedList(call, bodies), (statuses) => ({
      state: combinedState(latest),
      statuses,
      sha,
      total_count: latest.length,
      repository: renderMinimalRepository(call.ctx, call.repo),
      commit_url: url,
      url: `${url}/status`,
    }));
  },
};

function needApp(call: Call) {
  const { app } = call.actor;
  if (app === null) throw forbidden('You must authenticate via a GitHub App.');
  call.need('write', 'Resource not accessible by integration');
  return app;
}

function readRun(body: Static<typeof RunFields>): CheckRunChange {
  return {
    status: body.status,
    conclusion: body.conclusion,
    startedAt: body.started_at,
    completedAt: body.completed_at,
    externalId: body.external_id,
    detailsUrl: body.details_url,
    output: body.output,
  };
}

function checkRun(call: Call): CheckRunRow {
  const run = call.ctx.store.checkRuns.get(call.id('check_run_id'));
  if (run === undefined || run.repoId !== call.repo.id) throw notFound();
  return run;
}

function checkSuite(call: Call): CheckSuiteRow {
  const suite = call.ctx.store.checkSuites.get(call.id('check_suite_id'));
  if (suite === undefined || suite.repoId !== call.repo.id) throw notFound();
  return suite;
}

const suiteBody = (call: Call, suite: CheckSuiteRow) => renderCheckSuite(call.ctx, call.repo, suite);

function listRuns(call: Call, all: readonly CheckRunRow[]): Answer {
  const name = call.query('check_name');
  const status = call.query('status');
  const appId = call.query('app_id');
  const counted = call.oneOf('filter', ['latest', 'all']) === 'latest' ? latestRuns(all) : all;
  const runs = counted
    .filter((run) => name === undefined || run.name === name)
    .filter((run) => status === undefined || run.status === status)
    .filter((run) => appId === undefined || run.appId === Number(appId))
    .reverse();
  const bodies = runs.map((run) => renderCheckRun(call.ctx, call.repo, run));
  return wrapped(pagedList(call, bodies), (page) => ({ total_count: runs.length, check_runs: page }));
}
