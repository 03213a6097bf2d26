import type { ChildProcess } from 'node:child_process';

/** What every test command is run with. */
export interface Execution {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ExecutionResult {
  /** Null when it was ended by a signal, the time limit or the forge's stop, or never ran. */
  readonly code: number | null;
  readonly timedOut: boolean;
  /** Standard output and error in the order they came, only the last 60,000 characters. */
  readonly output: string;
  /** Why the command never ran. */
  readonly refused?: string;
}

/** A command that was started. */
export interface Started {
  readonly child: ChildProcess;
  /** Ends it with all that it started; may be called again, and after its end. */
  readonly kill: () => void;
  /** Whether its standard error tells what was in the way, instead of what the command wrote. */
  readonly tellsTrouble: boolean;
}

/** The directory of a run that its commit is checked out in. */
export const WORK = 'work';

const MAX_OUTPUT = 60_000;

/** Collects what a command writes until it ends, `timeoutMs` is over or `signal` says stop. Never rejects. */
export function untilEnded(
  { child, kill, tellsTrouble }: Started,
  { timeoutMs, signal }: Pick<Execution, 'timeoutMs' | 'signal'>,
): Promise<ExecutionResult> {
  const { promise, resolve } = Promise.withResolvers<ExecutionResult>();
  let output = '';
  let trouble = '';
  let timedOut = false;
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT);
  };
  const hear = (chunk: Buffer) => {
    trouble = (trouble + chunk.toString()).slice(-MAX_OUTPUT);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', tellsTrouble ? hear : collect);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  let code: number | null = null;
  child.on('exit', (status) => {
    code = status;
    // Whatever the command left behind holds its output open; with all of it gone, the output ends.
    kill();
  });
  const finish = (result: ExecutionResult) => {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    resolve(result);
  };
  child.on('error', (error) =>
    finish({ code: null, timedOut, output: '', refused: `It could not be started: ${error.message}` }),
  );
  child.on('close', () => {
    if (trouble !== '') finish({ code: null, timedOut, output, refused: trouble.trim() });
    else finish({ code: timedOut ? null : code, timedOut, output });
  });
  if (signal.aborted) kill();
  return promise;
}
