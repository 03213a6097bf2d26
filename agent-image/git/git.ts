import { execFile } from 'node:child_process';
import { TaskFailure } from '../failure.ts';

export interface GitOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  /** Further configuration of this one call, given by environment so that it shows in no process list and no file. */
  readonly config?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The call is killed after this many ms and fails; as long as `signal` allows by default. */
  readonly timeoutMs?: number;
  /** Address space of the process in KiB, where the system can bound it: for input that somebody else made. */
  readonly memoryKiB?: number;
  /** Exit codes besides 0 that are an answer and no failure. */
  readonly accept?: readonly number[];
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT = 64 * 1_048_576;

/** Nothing of the repository or the machine may make git run another program or ask a person. */
const ALWAYS: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.pager': 'cat',
  'commit.gpgSign': 'false',
  'credential.helper': '',
  'http.proxy': '',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'protocol.ext.allow': 'never',
  'init.defaultBranch': 'main',
  'advice.detachedHead': 'false',
};

/** A git command that failed; `stderr` is git's own text. */
export class GitFailure extends TaskFailure {
  readonly stderr: string;

  constructor(args: readonly string[], stderr: string, cause?: unknown) {
    const verb = args.find((arg) => !arg.startsWith('-')) ?? 'command';
    super('GitFailed', `git ${verb} failed: ${lastLine(stderr)}`, { cause });
    this.stderr = stderr;
  }
}

/** Runs git without a shell and with a minimal environment. Throws {@link GitFailure}; an aborted signal throws its own reason. */
export function runGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  options.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [program, ...line] = commandLine(args, options) as [string, ...string[]];
    const { cwd, signal, timeoutMs: timeout } = options;
    const child = execFile(
      program,
      line,
      { cwd, env: gitEnvironment(options), signal, maxBuffer: MAX_OUTPUT, timeout, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (options.signal.aborted) return reject(options.signal.reason);
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        if (code !== undefined && (code === 0 || options.accept?.includes(code)))
          return resolve({ exitCode: code, stdout, stderr });
        reject(new GitFailure(args, stderr || String(error?.message ?? ''), error));
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** `sh` sets the bound and becomes git; a system without it (`ulimit -v` is not in POSIX) runs git unbounded. */
export function commandLine(args: readonly string[], { memoryKiB }: GitOptions): string[] {
  if (memoryKiB === undefined) return ['git', ...args];
  return ['sh', '-c', `ulimit -v ${memoryKiB} 2>/dev/null; exec git "$@"`, 'git', ...args];
}

export function gitEnvironment({ env, config }: GitOptions): Record<string, string> {
  const entries = Object.entries({ ...ALWAYS, ...config });
  const given = entries.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return {
    PATH: process.env.PATH ?? '',
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    ...env,
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(given),
  };
}

function lastLine(text: string): string {
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /^(fatal|error| ! |remote):?/.test(line)) ?? lines.at(-1) ?? 'no message').trim();
}
