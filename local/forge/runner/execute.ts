import { spawn } from 'node:child_process';

export interface Execution {
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ExecutionResult {
  /** Null when it was ended by a signal, the time limit or the forge's stop. */
  readonly code: number | null;
  readonly timedOut: boolean;
  /** Standard output and error in the order they came, only the last 60,000 characters. */
  readonly output: string;
}

const MAX_OUTPUT = 60_000;

/**
 * The command runs as the leader of a process group that is killed whole when it ends. The watcher holds a pipe from the forge: when the
 * forge dies, kill -9 included, the pipe closes and the watcher kills the group.
 */
const SCRIPT = '{ cat <&3 >/dev/null 2>&1; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec sh -c "$RIG_CI_COMMAND"';

/** Runs a shell command until it ends, `timeoutMs` is over or `signal` says stop. Never rejects. */
export function execute({ command, cwd, env, timeoutMs, signal }: Execution): Promise<ExecutionResult> {
  const { promise, resolve } = Promise.withResolvers<ExecutionResult>();
  const child = spawn('sh', ['-c', SCRIPT], {
    cwd,
    env: { ...env, RIG_CI_COMMAND: command },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let timedOut = false;
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, timeoutMs);
  signal.addEventListener('abort', killGroup, { once: true });
  let code: number | null = null;
  child.on('exit', (status) => {
    code = status;
    // Whatever the command left behind holds its output open; with the group gone, the output ends.
    killGroup();
  });
  const finish = (result: ExecutionResult) => {
    clearTimeout(timer);
    signal.removeEventListener('abort', killGroup);
    resolve(result);
  };
  child.on('error', (error) =>
    finish({ code: null, timedOut, output: `The command could not be started: ${error.message}` }),
  );
  child.on('close', () => finish({ code, timedOut, output }));
  if (signal.aborted) killGroup();
  return promise;
}
