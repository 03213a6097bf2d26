import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { commandLine, GitFailure, type GitOptions, gitEnvironment } from './git.ts';

const MAX_STDERR = 65_536;

export interface GitStream {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when git has ended well, rejects with {@link GitFailure} else; `kill` makes it reject. */
  readonly ended: Promise<void>;
  kill(): void;
}

/** Git whose input and output are too large to keep: both are streams, its errors are kept in part. */
export function streamGit(args: readonly string[], options: GitOptions): GitStream {
  options.signal.throwIfAborted();
  const [program, ...line] = commandLine(args, options) as [string, ...string[]];
  const child = spawn(program, line, {
    cwd: options.cwd,
    env: gitEnvironment(options),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR);
  });
  child.stdin.on('error', () => {});
  const kill = () => void child.kill('SIGKILL');
  options.signal.addEventListener('abort', kill, { once: true });
  const ended = once(child, 'close').then(([code, signal]) => {
    options.signal.removeEventListener('abort', kill);
    options.signal.throwIfAborted();
    if (code !== 0) throw new GitFailure(args, stderr || `it was ended by ${signal ?? `exit code ${code}`}`);
  });
  // Whoever awaits it sees the failure; nobody may be waiting yet.
  ended.catch(() => {});
  return { stdin: child.stdin, stdout: child.stdout, ended, kill };
}
