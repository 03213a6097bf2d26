import { mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Context } from '../context.ts';
import { runGit } from '../git/index.ts';
import { CI_APP, updateCheckRun } from '../model/index.ts';
import { fullName } from '../render/index.ts';
import type { CheckRunRow, CiConfig, RepositoryRow } from '../store/index.ts';
import { type ExecutionResult, execute } from './execute.ts';

const SHOWN_SECONDS = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Executes queued check runs of the forge's own App: a fresh clone, the repository's test command, the conclusion. What was running when
 * the forge stopped or died is executed again from the start.
 */
export class Runner {
  readonly #ctx: Context;
  readonly #workDir: string;
  readonly #concurrency: number;
  readonly #running = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(ctx: Context, options: { workDir: string; concurrency: number }) {
    this.#ctx = ctx;
    this.#workDir = options.workDir;
    this.#concurrency = options.concurrency;
  }

  start(): void {
    const { store } = this.#ctx;
    const app = store.apps.first({ slug: CI_APP })!;
    for (const run of store.checkRuns.find({ status: 'in_progress' })) {
      if (run.appId === app.id) store.checkRuns.update(run.id, { status: 'queued' });
    }
    this.wake();
  }

  /** Takes queued runs, oldest first, up to the concurrency. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    const { store } = this.#ctx;
    const app = store.apps.first({ slug: CI_APP })!;
    const queued = store.checkRuns.find({ status: 'queued' });
    for (const run of queued) {
      if (this.#running.size >= this.#concurrency) return;
      if (run.appId === app.id && !this.#running.has(run.id)) this.#take(run);
    }
  }

  /** Kills running test commands and waits for them; their runs stay open for the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  #take(run: CheckRunRow): void {
    const work = this.#execute(run)
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        this.#ctx.logger.error({ err: error, checkRun: run.id }, 'check run failed to execute');
        this.#conclude(run, 'failure', 'The runner failed', (error as Error).message, '');
      })
      .finally(() => {
        this.#running.delete(run.id);
        this.wake();
      });
    this.#running.set(run.id, work);
  }

  async #execute(run: CheckRunRow): Promise<void> {
    const { store, clock } = this.#ctx;
    const repo = store.repositories.get(run.repoId)!;
    updateCheckRun(this.#ctx, repo, run.id, { status: 'in_progress' });
    if (repo.ci === null) {
      this.#conclude(run, 'cancelled', 'Cancelled', 'The repository no longer has a test command.', '');
      return;
    }
    const dir = join(this.#workDir, String(run.id));
    try {
      const cwd = await this.#checkOut(repo, run, dir);
      const started = clock();
      const env = environment(this.#ctx, repo, run, repo.ci, dir);
      const timeoutMs = repo.ci.timeoutSeconds * 1000;
      const result = await execute({ command: repo.ci.command, cwd, env, timeoutMs, signal: this.#stop.signal });
      if (!this.#stop.signal.aborted) this.#report(run, repo.ci, result, clock() - started);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  async #checkOut(repo: RepositoryRow, run: CheckRunRow, dir: string): Promise<string> {
    const cwd = join(dir, 'work');
    await rm(dir, { recursive: true, force: true });
    await mkdir(join(dir, 'home'), { recursive: true });
    await mkdir(join(dir, 'tmp'));
    await runGit(null, ['clone', '-q', '--no-checkout', '--shared', this.#ctx.git(repo).dir, cwd]);
    await runGit(null, ['-C', cwd, '-c', 'advice.detachedHead=false', 'checkout', '-q', '--detach', run.headSha]);
    return cwd;
  }

  #report(run: CheckRunRow, ci: CiConfig, result: ExecutionResult, ms: number): void {
    const { code, timedOut, output } = result;
    if (timedOut) {
      const summary = `\`${ci.command}\` did not end within ${ci.timeoutSeconds} s and was stopped.`;
      this.#conclude(run, 'timed_out', 'Timed out', summary, output);
    } else if (code === 0) {
      this.#conclude(run, 'success', 'Tests passed', `\`${ci.command}\` passed in ${SHOWN_SECONDS(ms)}.`, output);
    } else {
      const how = code === null ? 'was ended by a signal' : `ended with exit code ${code}`;
      this.#conclude(run, 'failure', 'Tests failed', `\`${ci.command}\` ${how} after ${SHOWN_SECONDS(ms)}.`, output);
    }
  }

  #conclude(
    run: CheckRunRow,
    conclusion: 'success' | 'failure' | 'timed_out' | 'cancelled',
    title: string,
    summary: string,
    output: string,
  ): void {
    const repo = this.#ctx.store.repositories.get(run.repoId)!;
    const text = output === '' ? null : output;
    updateCheckRun(this.#ctx, repo, run.id, { conclusion, output: { title, summary, text } });
  }
}

/** The command sees nothing of the forge's own environment but PATH. */
function environment(
  ctx: Context,
  repo: RepositoryRow,
  run: CheckRunRow,
  ci: CiConfig,
  dir: string,
): Record<string, string> {
  return {
    HOME: join(dir, 'home'),
    TMPDIR: join(dir, 'tmp'),
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_SHA: run.headSha,
    GITHUB_REPOSITORY: fullName(ctx, repo),
    ...ci.env,
    PATH: [...ci.path, ci.env.PATH ?? process.env.PATH ?? '/usr/bin:/bin'].join(delimiter),
  };
}
