import { type Context, now } from '../context.ts';
import type { Commit } from '../git/index.ts';
import { renderCheckRunEvent, renderCheckSuite } from '../render/index.ts';
import type { AppRow, CheckConclusion, CheckRunRow, CheckSuiteRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

/** The App whose check runs the forge's own runner executes. */
export const CI_APP = 'rig-ci';
const CI_CHECK = 'ci';

/** What a check is about: a commit, and the branch it was pushed to. */
export interface Head {
  readonly commit: Commit;
  readonly branch: string | null;
}

export interface CheckRunChange {
  readonly name?: string;
  readonly status?: CheckRunRow['status'];
  readonly conclusion?: CheckConclusion | null;
  readonly startedAt?: string | null;
  readonly completedAt?: string | null;
  readonly externalId?: string | null;
  readonly detailsUrl?: string | null;
  readonly output?: Partial<CheckRunRow['output']>;
}

export function createCheckRun(
  ctx: Context,
  repo: RepositoryRow,
  app: AppRow,
  head: Head,
  fields: CheckRunChange & { name: string },
): CheckRunRow {
  return ctx.store.transaction(() => {
    const suite = suiteFor(ctx, repo, app, head);
    const run = ctx.store.checkRuns.insert({
      repoId: repo.id,
      suiteId: suite.id,
      appId: app.id,
      name: fields.name,
      headSha: head.commit.sha,
      conclusion: null,
      completedAt: null,
      externalId: fields.externalId ?? null,
      detailsUrl: fields.detailsUrl ?? null,
      output: { title: null, summary: null, text: null },
      status: 'queued',
      startedAt: fields.startedAt ?? now(ctx),
    });
    sayRun(ctx, repo, run, 'created');
    return updateCheckRun(ctx, repo, run.id, fields);
  });
}

/** Applies a change; a conclusion completes the run. Says `completed` once per completion, and the suite's when it was the last. */
export function updateCheckRun(ctx: Context, repo: RepositoryRow, id: number, change: CheckRunChange): CheckRunRow {
  return ctx.store.transaction(() => {
    const before = ctx.store.checkRuns.get(id)!;
    const conclusion = change.conclusion ?? null;
    const status = conclusion === null ? (change.status ?? before.status) : 'completed';
    const completed = status === 'completed';
    const run = ctx.store.checkRuns.update(id, {
      name: change.name ?? before.name,
      status,
      conclusion: completed ? (conclusion ?? before.conclusion) : null,
      startedAt: change.startedAt ?? before.startedAt,
      completedAt: completed ? (change.completedAt ?? before.completedAt ?? now(ctx)) : null,
      externalId: change.externalId ?? before.externalId,
      detailsUrl: change.detailsUrl ?? before.detailsUrl,
      output: { ...before.output, ...change.output },
    });
    if (completed && before.status !== 'completed') sayRun(ctx, repo, run, 'completed');
    refreshSuite(ctx, repo, run.suiteId);
    return run;
  });
}

/**
 * Queues the check run `ci` for a head if the repository has a test command and the head has none yet. Inside the transaction that
 * observed the head, so that no crash leaves a head without its run.
 */
export function requestCi(ctx: Context, repo: RepositoryRow, head: Head): void {
  if (ctx.store.repositories.get(repo.id)?.ci === null) return;
  const app = ctx.store.apps.first({ slug: CI_APP })!;
  if (ctx.store.checkRuns.first({ repoId: repo.id, headSha: head.commit.sha, appId: app.id }) !== undefined) return;
  createCheckRun(ctx, repo, app, head, { name: CI_CHECK });
  ctx.store.afterCommit(() => ctx.wakeRunner());
}

/** Asks the run's App to run it again: for the forge's own App a new run of the same name is queued. */
export function rerequestCheckRun(ctx: Context, repo: RepositoryRow, run: CheckRunRow): void {
  ctx.store.transaction(() => {
    const app = ctx.store.apps.get(run.appId)!;
    if (app.slug !== CI_APP) return sayRun(ctx, repo, run, 'rerequested');
    const suite = ctx.store.checkSuites.get(run.suiteId)!;
    createCheckRun(ctx, repo, app, { commit: suite.headCommit, branch: suite.headBranch }, { name: run.name });
    ctx.store.afterCommit(() => ctx.wakeRunner());
  });
}

function suiteFor(ctx: Context, repo: RepositoryRow, app: AppRow, head: Head): CheckSuiteRow {
  const found = ctx.store.checkSuites.first({ repoId: repo.id, headSha: head.commit.sha, appId: app.id });
  if (found !== undefined) return found;
  const at = now(ctx);
  return ctx.store.checkSuites.insert({
    repoId: repo.id,
    appId: app.id,
    headSha: head.commit.sha,
    headBranch: head.branch,
    headCommit: head.commit,
    status: 'queued',
    conclusion: null,
    createdAt: at,
    updatedAt: at,
  });
}

/** The latest run of each name: what GitHub's lists and roll-ups count. */
export function latestRuns(runs: readonly CheckRunRow[]): CheckRunRow[] {
  const latest = new Map<string, CheckRunRow>();
  for (const run of runs) latest.set(`${run.appId}:${run.name}`, run);
  return [...latest.values()];
}

const WORST_FIRST: readonly CheckConclusion[] = [
  'startup_failure',
  'failure',
  'timed_out',
  'cancelled',
  'action_required',
  'stale',
  'success',
  'neutral',
  'skipped',
];

function refreshSuite(ctx: Context, repo: RepositoryRow, suiteId: number): void {
  const before = ctx.store.checkSuites.get(suiteId)!;
  const runs = latestRuns(ctx.store.checkRuns.find({ suiteId }));
  const done = runs.every((run) => run.status === 'completed');
  const started = runs.some((run) => run.status !== 'queued');
  const status = done ? 'completed' : started ? 'in_progress' : 'queued';
  const conclusion = done ? (WORST_FIRST.find((each) => runs.some((run) => run.conclusion === each)) ?? null) : null;
  if (status === before.status && conclusion === before.conclusion) return;
  const suite = ctx.store.checkSuites.update(suiteId, { status, conclusion, updatedAt: now(ctx) });
  if (!done) return;
  const sender = botOf(ctx, suite.appId);
  const { repository: _, ...check_suite } = renderCheckSuite(ctx, repo, suite);
  emit(ctx, repo, { event: 'check_suite', action: 'completed', sender, fields: { check_suite } });
}

function sayRun(ctx: Context, repo: RepositoryRow, run: CheckRunRow, action: string): void {
  const fields = { check_run: renderCheckRunEvent(ctx, repo, run) };
  emit(ctx, repo, { event: 'check_run', action, sender: botOf(ctx, run.appId), fields });
}

const botOf = (ctx: Context, appId: number): UserRow => ctx.store.users.get(ctx.store.apps.get(appId)!.userId)!;
