import { spawn } from 'node:child_process';
import { Clipper } from '../text/index.ts';

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The whole process group is killed after this many ms. */
  readonly timeoutMs: number;
  /** Kills the group at once; the call then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Characters of output kept, half from its start and half from its end. */
  readonly maxOutput: number;
}

export interface CommandResult {
  /** Null where the command was killed. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** Standard output and error as they came, clipped. */
  readonly output: string;
  readonly milliseconds: number;
}

/**
 * File descriptor 3 is a pipe that this process holds open: when this process is gone, even by SIGKILL, the watcher reads the end of
 * the file and kills the group, so that no command outlives its server.
 */
const WATCHED =
  '( read -r _ <&3; kill -KILL -- -$$ ) </dev/null >/dev/null 2>&1 & exec 3<&-; exec bash --noprofile --norc -c "$1"';

/** Runs one shell command without a terminal or input, in a process group of its own that is gone when this returns. */
export async function runCommand(command: string, options: CommandOptions): Promise<CommandResult> {
  options.signal.throwIfAborted();
  const started = performance.now();
  const child = spawn('bash', ['--noprofile', '--norc', '-c', WATCHED, 'rig', command], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const output = new Clipper(options.maxOutput);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => output.push(text));
  }
  child.stdio[3]?.on('error', () => {});
  let timedOut = false;
  const kill = () => killGroup(child.pid);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal.addEventListener('abort', kill, { once: true });
  try {
    const exitCode = await ended(child, kill);
    options.signal.throwIfAborted();
    return { exitCode, timedOut, output: output.toString(), milliseconds: Math.round(performance.now() - started) };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', kill);
    child.stdio[3]?.destroy();
  }
}

/** Resolves when the command has ended and its pipes are read; what it left running in the background is killed first. */
function ended(child: ReturnType<typeof spawn>, kill: () => void): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error('The shell could not be started: install bash where the agent runs.', { cause })),
    );
    child.once('exit', kill);
    child.once('close', (code) => resolve(code));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const KEPT = ['PATH', 'NODE_PATH', 'LANG', 'LC_ALL', 'TZ'];

/** The environment of what the model causes to run: a home and temporary folder of its own, the tools' paths, and nothing else of ours. */
export function toolEnvironment(
  from: Readonly<Record<string, string | undefined>>,
  folders: { readonly home: string; readonly tmp: string },
): Record<string, string> {
  const kept = KEPT.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]));
  return {
    ...Object.fromEntries(kept),
    HOME: folders.home,
    TMPDIR: folders.tmp,
    CI: 'true',
    TERM: 'dumb',
    NO_COLOR: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}
