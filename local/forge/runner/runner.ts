import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Context } from '../context.ts';
import { runGit } from '../git/index.ts';
import { CI_APP, updateCheckRun } from '../model/index.ts';
import { fullName } from '../render/index.ts';
import type { CheckRunRow, CiConfig, RepositoryRow } from '../store/index.ts';
import type { Attester } from './attester.ts';
import { type ExecutionResult, untilEnded, WORK } from './execute.ts';
import { startUnisolated } from './unisolated.ts';
import { startWalled, type Wall } from './wall.ts';

const SHOWN_SECONDS = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** What is between a test command and the machine: a wall; nothing, as the person accepted; or no command runs, and every run says why. */
export type Isolation = Wall | 'none' | { readonly refused: string };

export interface RunnerOptions {
  readonly isolation: Isolation;
  readonly workDir: string;
  readonly concurrency: number;
  /** Signs for heads whose tests passed; null where nobody does. */
  readonly attester: Attester | null;
}

/**
 * Executes queued check runs of the forge's own App: a fresh clone, the repository's test command, a signature for what passed, the conclusion. What was
 * running when the forge stopped or died is executed again from the start.
 */
export class Runner {
  readonly #ctx: Context;
  readonly #workDir: string;
  readonly #concurrency: number;
  readonly #attester: Attester | null;
  readonly #isolation: Isolation;
  /** Nothing is left of runs that were under way when an earlier forge died. */
  #swept: Promise<void> = Promise.resolve();
  readonly #running = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(ctx: Context, options: RunnerOptions) {
    this.#ctx = ctx;
    this.#workDir = options.workDir;
    this.#concurrency = options.concurrency;
    this.#attester = options.attester;
    this.#isolation = options.isolation;
  }

  start(): void {
    const { store } = this.#ctx;
    const app = store.apps.first({ slug: CI_APP })!;
    for (const run of store.checkRuns.find({ status: 'in_progress' })) {
      if (run.appId === app.id) store.checkRuns.update(run.id, { status: 'queued' });
    }
    this.#swept = this.#remove(this.#workDir);
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
    const isolation = this.#isolation;
    if (isolation !== 'none' && 'refused' in isolation) {
      this.#conclude(run, 'failure', 'Tests were not run', isolation.refused, '');
      return;
    }
    const dir = await this.#makeDirectory(run);
    try {
      await this.#checkOut(repo, run, dir);
      const started = clock();
      const result = await this.#test(environment(this.#ctx, repo, run, repo.ci), repo.ci, { dir, isolation });
      const ms = clock() - started;
      const signed = result.code === 0 ? await this.#attest(repo, run) : '';
      if (!this.#stop.signal.aborted) this.#report(run, repo.ci, result, { ms, signed });
    } finally {
      await this.#remove(dir);
    }
  }

  /** Under another name each time: what an earlier forge left may still be on its way out. */
  async #makeDirectory(run: CheckRunRow): Promise<string> {
    await this.#swept;
    await mkdir(this.#workDir, { recursive: true, mode: 0o700 });
    return mkdtemp(join(this.#workDir, `${run.id}-`));
  }

  async #test(
    env: Readonly<Record<string, string>>,
    { command, timeoutSeconds }: CiConfig,
    { dir, isolation }: { readonly dir: string; readonly isolation: Wall | 'none' },
  ): Promise<ExecutionResult> {
    const started =
      isolation === 'none'
        ? await startUnisolated({ command, env }, dir)
        : startWalled(isolation, { command, env }, dir);
    return untilEnded(started, { timeoutMs: timeoutSeconds * 1000, signal: this.#stop.signal });
  }

  /** What cannot be removed is told, and is no fault of what was tested. */
  async #remove(dir: string): Promise<void> {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      this.#ctx.logger.warn({ err: error, dir }, 'what a check run left could not be removed'),
    );
  }

  /** A clone of its own: it is given away to another user, and no file of it may be one of the repository's. */
  async #checkOut(repo: RepositoryRow, run: CheckRunRow, dir: string): Promise<void> {
    const cwd = join(dir, WORK);
    await runGit(null, ['clone', '-q', '--no-checkout', '--no-hardlinks', this.#ctx.git(repo).dir, cwd]);
    await runGit(null, ['-C', cwd, '-c', 'advice.detachedHead=false', 'checkout', '-q', '--detach', run.headSha]);
  }

  /** Before the conclusion, so that whoever hears of that finds the signature. Half a sentence for the summary; never rejects. */
  async #attest(repo: RepositoryRow, run: CheckRunRow): Promise<string> {
    if (this.#attester === null || !isOfPull(this.#ctx, repo, run)) return '';
    try {
      await this.#attester.attest(repo, run, this.#stop.signal);
      return ` Signed for by ${this.#attester.identityFor(repo).subject}.`;
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.#ctx.logger.error({ err: error, checkRun: run.id }, 'a tested head could not be attested');
      const why = (error as Error).message.replace(/\.$/, '');
      return ` It could not be signed for: ${why}. Run the check again.`;
    }
  }

  #report(
    run: CheckRunRow,
    ci: CiConfig,
    result: ExecutionResult,
    { ms, signed }: { readonly ms: number; readonly signed: string },
  ): void {
    const { code, timedOut, output, refused } = result;
    if (refused !== undefined) {
      this.#conclude(run, 'failure', 'Tests were not run', `\`${ci.command}\` was not run. ${refused}`, output);
    } else if (timedOut) {
      const summary = `\`${ci.command}\` did not end within ${ci.timeoutSeconds} s and was stopped.`;
      this.#conclude(run, 'timed_out', 'Timed out', summary, output);
    } else if (code === 0) {
      const summary = `\`${ci.command}\` passed in ${SHOWN_SECONDS(ms)}.${signed}`;
      this.#conclude(run, 'success', 'Tests passed', summary, output);
    } else {
      const how = code === null ? 'was ended by a signal' : `ended with exit code ${code}`;
      const summary = `\`${ci.command}\` ${how} after ${SHOWN_SECONDS(ms)}.${this.#alone}`;
      this.#conclude(run, 'failure', 'Tests failed', summary, output);
    }
  }

  /** What whoever reads of a failure should know: tests that install something fail without a network. */
  get #alone(): string {
    const isolation = this.#isolation;
    const alone = isolation !== 'none' && 'network' in isolation && !isolation.network;
    return alone ? ' It had no network but loopback.' : '';
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

/** A machine's word is for changes: what is on the default branch has had its own. */
function isOfPull({ store }: Context, repo: RepositoryRow, { headSha }: CheckRunRow): boolean {
  return store.pulls.first({ repoId: repo.id, headSha }) !== undefined;
}

/** The command sees nothing of the forge's own environment but PATH. */
function environment(ctx: Context, repo: RepositoryRow, run: CheckRunRow, ci: CiConfig): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_SHA: run.headSha,
    GITHUB_REPOSITORY: fullName(ctx, repo),
    ...ci.env,
    PATH: [...ci.path, ci.env.PATH ?? process.env.PATH ?? '/usr/bin:/bin'].join(delimiter),
  };
}
