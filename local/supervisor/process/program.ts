import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** One program as the supervisor runs it. */
export interface Program {
  /** As in `rig status`, the log's file name and the prefix of its lines. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside PATH, HOME, TMPDIR, LANG, RIG_LOG_LEVEL and where traces go nothing of the supervisor's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Done before each run, e.g. to renew a credential the program reads when it starts. */
  readonly prepare?: () => Promise<void>;
  /** Resolves when the program serves; called once per run, its signal ends it. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** Default 60,000 ms. */
  readonly readyTimeoutMs?: number;
  /** Time from SIGTERM to SIGKILL, default 10,000 ms. */
  readonly graceMs?: number;
}

const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'RIG_LOG_LEVEL',
  'RIG_RESYNC_SECONDS',
  'NODE_COMPILE_CACHE',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SDK_DISABLED',
] as const;
const leash = pathToFileURL(`${import.meta.dirname}/leash.mjs`).href;

/** These programs keep little alive: a small nursery saves about 12 MB in each and costs nothing that shows. */
const LEAN = ['--max-semi-space-size=2'];

/** A TypeScript program of this checkout, run by the Node that runs us, and ended when we are gone. */
export function nodeProgram(program: Omit<Program, 'command'>): Program {
  return { ...program, command: process.execPath, args: [...LEAN, `--import=${leash}`, ...program.args] };
}

/**
 * Starts the program in a session of its own, so that Ctrl-C in a terminal reaches the supervisor alone, which stops things in
 * order. Its standard input is a pipe that closes with the supervisor: Node programs are leashed to it, Go programs watch it.
 */
export function spawnProgram(program: Program): ChildProcess {
  const passed = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(passed), ...searchPath(), RIG_WATCH_STDIN: '1', ...program.env },
  });
  child.stdin?.on('error', () => {});
  return child;
}

/** Kills what is left of the group the program led: children of a program that was killed would stay behind. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty, as it should be.
  }
}

/** The Node that runs us comes first, whatever `node` the machine has. */
function searchPath(): { PATH: string } {
  return { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
}
