import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { ExitCode, ExitError } from '#lib/terminal';
import { RECOVERED_AFTER_MS, restartPause } from './backoff.ts';
import type { Book } from './book.ts';
import type { ProgramLog } from './log.ts';
import { killGroup, type Program, spawnProgram } from './program.ts';

const READY_TIMEOUT_MS = 60_000;
const GRACE_MS = 10_000;

export interface SuperviseOptions {
  readonly book: Book;
  readonly log: ProgramLog;
  /** A sentence about a crash, a restart or a recovery. */
  readonly onTrouble?: (sentence: string) => void;
  readonly now?: () => number;
  /** Must reject when `signal` aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that is kept running: it is started again, with growing pauses, whenever it ends by itself after it was once ready. */
export class Supervised {
  readonly program: Program;
  restarts = 0;
  readonly #options: SuperviseOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #ended: Promise<End> = Promise.resolve({ code: null, signal: null });
  #loop: Promise<void> = Promise.resolve();

  constructor(program: Program, options: SuperviseOptions) {
    this.program = program;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the program is ready. Throws ExitError `Environment`, with its last lines, when it ends or is silent instead. */
  async start(): Promise<void> {
    await this.program.prepare?.();
    this.#spawn();
    await this.#untilReady();
    this.#loop = this.#keepRunning();
  }

  /** SIGTERM, SIGKILL after the program's grace; resolves when it and its process group are gone. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#endChild();
    await this.#loop;
  }

  /** SIGKILL at once. */
  kill(): void {
    this.#stopping.abort();
    this.#child?.kill('SIGKILL');
  }

  #spawn(): void {
    const { book, log } = this.#options;
    const child = spawnProgram(this.program);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) if (stream) log.take(stream);
    const { pid } = child;
    if (pid !== undefined) book.add(this.program.name, pid);
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        log.note(error.message);
        resolve({ code: null, signal: null });
      });
      // 'exit', not 'close': a grandchild that keeps the pipes open does not keep a dead program alive.
      child.once('exit', (code, signal) => {
        if (pid !== undefined) {
          killGroup(pid);
          book.remove(pid);
        }
        resolve({ code, signal });
      });
    });
  }

  async #untilReady(): Promise<void> {
    const { name, ready, readyTimeoutMs = READY_TIMEOUT_MS } = this.program;
    const over = new AbortController();
    const { signal } = over;
    const stopped = () => over.abort();
    this.#stopping.signal.addEventListener('abort', stopped);
    const timer = setTimeout(() => over.abort(), readyTimeoutMs);
    const outcome = await Promise.race([
      ready(signal).then(
        () => undefined,
        (error: unknown) => (signal.aborted ? `was not ready within ${readyTimeoutMs / 1000} s` : String(error)),
      ),
      this.#ended.then((end) => `ended by itself with ${describeEnd(end)}`),
    ]);
    clearTimeout(timer);
    this.#stopping.signal.removeEventListener('abort', stopped);
    over.abort();
    if (outcome === undefined) return;
    await this.#endChild();
    const tail = this.#options.log.lastLines.map((line) => `\n  ${line}`).join('');
    throw new ExitError(
      ExitCode.Environment,
      `${name} ${outcome}${tail ? `; its last lines were:${tail}` : ' and logged nothing.'}`,
    );
  }

  async #keepRunning(): Promise<void> {
    const { now = Date.now, onTrouble = () => {}, log } = this.#options;
    let inARow = 0;
    let since = now();
    for (;;) {
      const end = await this.#ended;
      if (this.#stopping.signal.aborted) return;
      inARow = now() - since >= RECOVERED_AFTER_MS ? 1 : inARow + 1;
      const pause = restartPause(inARow);
      const sentence = `${this.program.name} ended with ${describeEnd(end)}; starting it again in ${pause} ms`;
      log.note(sentence);
      onTrouble(sentence);
      if (!(await this.#pause(pause))) return;
      since = now();
      this.restarts += 1;
      await this.#restart().catch((error: Error) => onTrouble(error.message));
    }
  }

  /** When it throws, no child runs: the next turn of the loop finds it ended. */
  async #restart(): Promise<void> {
    await this.program.prepare?.();
    if (this.#stopping.signal.aborted) return;
    this.#spawn();
    await this.#untilReady();
  }

  #pause(ms: number): Promise<boolean> {
    const { sleep = (pause, signal) => wait(pause, undefined, { signal }) } = this.#options;
    return sleep(ms, this.#stopping.signal).then(
      () => true,
      () => false,
    );
  }

  async #endChild(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.program.graceMs ?? GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

function describeEnd({ code, signal }: End): string {
  return signal ? `signal ${signal}` : `exit code ${code ?? 'unknown'}`;
}
