import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GitError } from './error.ts';

/** Where and how git runs. */
export interface GitOptions {
  readonly cwd: string;
  readonly input?: Buffer;
  /** Sent with requests to this origin only; passed in the environment, never as an argument. */
  readonly authorization?: { readonly origin: string; readonly headerName: string; readonly headerValue: string };
  /** Milliseconds after which it is over; default 60,000. What git itself started may go on for a while, and is waited for by nobody. */
  readonly timeoutMs?: number;
  /** Ends git at once, by an AbortError. */
  readonly signal?: AbortSignal;
  /** Bytes of standard output, more of which make it fail. Without it a mebibyte is kept, and what is said beyond is dropped. */
  readonly outputMax?: number;
  /** True for what reads objects that a task sent: git gets so much memory and no more, and fails where it needs it. */
  readonly bounded?: boolean;
}

const OUTPUT_MAX = 1024 * 1024;
/** A delta of a few kilobytes may say that it unpacks to gigabytes, which git reserves. Enough for two files of the 100 MB that GitHub takes. */
const MEMORY_KIB = 768 * 1024;
/** Where a system knows no such limit (macOS), git runs without. */
const BOUNDED = 'ulimit -v "$0" 2>/dev/null; exec git "$@"';

/** Runs git with nobody's configuration, no prompt and no hooks, and answers its standard output. Throws {@link GitError}. */
export async function git(args: readonly string[], options: GitOptions): Promise<string> {
  return (await gitBytes(args, options)).toString('utf8');
}

/** {@link git}, with its output as bytes. */
export async function gitBytes(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const [program, given] = options.bounded
    ? ['/bin/sh', ['-c', BOUNDED, String(MEMORY_KIB), ...args]]
    : ['git', [...args]];
  const child = spawn(program, given, {
    cwd: options.cwd,
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const { outputMax } = options;
  const said = collect(child.stdout, out, outputMax);
  collect(child.stderr, err);
  // What is too much is not made to its end: a tree of a few kilobytes may list for minutes.
  child.stdout.on('data', () => {
    if (outputMax !== undefined && said() > outputMax) child.kill('SIGKILL');
  });
  child.once('exit', (code) => {
    // Killed, it leaves what it started itself, and that may hold these open as long as it likes: until a forge says something.
    if (code === null) for (const stream of [child.stdout, child.stderr]) stream.destroy();
  });
  // git may stop reading early; its exit code tells why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (outputMax !== undefined && said() > outputMax)
    throw new GitError('TooMuchOutput', args, code, `it said more than ${outputMax} bytes`);
  if (code !== 0) throw new GitError('Failed', args, code, Buffer.concat(err).toString('utf8'));
  return Buffer.concat(out);
}

/** Whether git ended with 0; false where it ended with 1, anything else is thrown. */
export async function gitSays(args: readonly string[], options: GitOptions): Promise<boolean> {
  try {
    await git(args, options);
    return true;
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return false;
    throw error;
  }
}

/** Keeps what a stream says, up to a size; answers how much that was in all. */
function collect(stream: NodeJS.ReadableStream, into: Buffer[], max = OUTPUT_MAX): () => number {
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= max) into.push(chunk);
  });
  return () => size;
}

function environment({ authorization }: GitOptions): NodeJS.ProcessEnv {
  const config: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['transfer.fsckObjects', 'true'],
    ['gc.auto', '0'],
    // Larger blobs are streamed: a pack of a few kilobytes may unpack to gigabytes.
    ['core.bigFileThreshold', '16m'],
    // What is mapped counts as memory: a large repository is looked at through small windows, and by one thread.
    ['core.packedGitWindowSize', '16m'],
    ['core.packedGitLimit', '64m'],
    ['pack.threads', '1'],
    ['protocol.file.allow', 'never'],
    ['http.followRedirects', 'false'],
    // Whoever asks a forge that says nothing gives up by itself, in seconds, also where the git that started it was killed.
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', '60'],
  ];
  if (authorization)
    config.push([
      `http.${authorization.origin}/.extraHeader`,
      `${authorization.headerName}: ${authorization.headerValue}`,
    ]);
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    MALLOC_ARENA_MAX: '1',
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
