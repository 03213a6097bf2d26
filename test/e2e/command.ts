import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Layout, layoutOf, readState, reap } from '#lib/datadir';
import { until } from '../kit/cluster-wait.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const CLI = [join(ROOT, 'cli', 'main.ts')];
export const START = [join(ROOT, 'hack', 'start.mjs')];

export interface Ended {
  /** As a shell tells it: 128 and the signal's number where one ended the command. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command of a person: what it says, and how it ends. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    // Whatever model the machine that runs the tests has a key for, the tests do not reach it.
    const { ANTHROPIC_API_KEY: _key, NODE_TEST_CONTEXT: _context, ...own } = process.env;
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...own, ...env } });
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.out += chunk;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.err += chunk;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code: code ?? 128 + constants.signals[signal as NodeJS.Signals],
      out: this.out,
      err: this.err,
    }));
  }

  /** Resolves when either stream has said `words`; rejects with what it said last when it ends before, or takes two minutes. */
  async says(words: RegExp): Promise<void> {
    const over = this.ended.then(({ err }) => {
      throw new Error(`it ended without saying ${words}:\n${err}`);
    });
    const said = until(`${words}`, () => words.test(this.out + this.err), 120_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${(this.out + this.err).slice(-4_000)}`, { cause: error });
    });
    await Promise.race([said, over]);
  }
}

/** Runs a command to its end. */
export function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return new Command(args, env).ended;
}

/** A data directory of its own; whatever a test leaves running on it is ended afterwards. */
export function dataDir(t: TestContext): Layout {
  const root = mkdtempSync(join(tmpdir(), 'rig-e2e-'));
  const layout = layoutOf(root);
  t.after(async () => {
    await run([...CLI, 'down', '--data-dir', root]);
    await reap(readState(layout)?.processes ?? []);
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  });
  return layout;
}

/** Processes of a rig, agents' included: their command line or environment names its data directory (Linux). */
export function processesOf(layout: Layout): { pid: number; command: string }[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [command, environment] = [read(`/proc/${name}/cmdline`), read(`/proc/${name}/environ`)];
      const ours = Number(name) !== process.pid && (command + environment).includes(layout.root);
      return ours ? [{ pid: Number(name), command: command.replaceAll('\0', ' ').trim() }] : [];
    })
    .filter(({ command }) => command !== '');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
