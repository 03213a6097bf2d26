import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

export interface NodeSuiteOptions {
  readonly root: string;
  readonly files: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Files at a time; default as Node chooses. */
  readonly concurrency?: number;
  /** Bound of one test, and of one file, in ms: a file that never ends fails instead of holding up the run. */
  readonly timeoutMs: number;
}

/** Runs test files with Node's own runner, its output shown as it is. A run that breaks off counts as one failure. */
export async function runNodeSuite({
  root,
  files,
  env = {},
  concurrency,
  timeoutMs,
}: NodeSuiteOptions): Promise<Totals> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const folder = mkdtempSync(join(tmpdir(), 'rig-totals-'));
  const file = join(folder, 'totals');
  const args = [
    '--test',
    `--test-timeout=${timeoutMs}`,
    ...(concurrency === undefined ? [] : [`--test-concurrency=${concurrency}`]),
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(import.meta.dirname, 'totals.mjs')}`, `--test-reporter-destination=${file}`],
    ...files,
  ];
  try {
    const code = await exitCode(process.execPath, args, root, env);
    return readTotals(file, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTotals(file: string, code: number): Totals {
  let counts: { passed?: number; failed?: number; cancelled?: number } = {};
  try {
    counts = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The runner itself broke off; its exit code says so.
  }
  const { passed = 0, failed = 0, cancelled = 0 } = counts;
  return { passed, failed: failed + cancelled || (code === 0 ? 0 : 1) };
}

function exitCode(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  // A runner inside a runner would report to the outer one instead of standard output.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  // Every file is a process, and many start others: what is stripped and compiled once is kept for the next.
  const NODE_COMPILE_CACHE = own.NODE_COMPILE_CACHE ?? join(cwd, 'node_modules', '.cache', 'compiled');
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { NODE_COMPILE_CACHE, ...own, ...env },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
