import { spawn } from 'node:child_process';
import { ForgeError } from '../errors.ts';

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const TIMEOUT_MS = 120_000;

/** The environment of every git process: no configuration but the repository's own, no prompts, one language. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    ...extra,
  };
}

/**
 * Runs git in `gitDir` (a bare repository) or without one. Resolves for the exit codes in `accept` (default: 0 alone), else rejects with
 * GitFailed. Ends the process after two minutes.
 */
export function runGit(
  gitDir: string | null,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; accept?: readonly number[] } = {},
): Promise<GitResult> {
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>();
  const all = gitDir === null ? args : ['--git-dir', gitDir, ...args];
  const child = spawn('git', all, { env: gitEnvironment(options.env), stdio: 'pipe', timeout: TIMEOUT_MS });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 8_192) stderr += chunk.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  child.on('error', (cause) => {
    reject(new ForgeError('GitMissing', 'git could not be started; install git ≥ 2.38 and put it on PATH.', { cause }));
  });
  child.on('close', (code) => {
    const result = { code: code ?? -1, stdout: Buffer.concat(stdout), stderr };
    if ((options.accept ?? [0]).includes(result.code)) resolve(result);
    else
      reject(new ForgeError('GitFailed', `git ${args[0]} ended with ${result.code}: ${stderr.trim().slice(0, 500)}`));
  });
  return promise;
}
