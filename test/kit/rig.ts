import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isAlive, type Layout, layoutOf, readState } from '#lib/datadir';

const ROOT = join(import.meta.dirname, '..', '..');
/** The supervisor shows it when the rig is up. */
const UP = /^\s*export KUBECONFIG=/m;
const UP_WITHIN_MS = 120_000;
const END_WITHIN_MS = 120_000;

export interface RigOptions {
  /** For `rig up`, e.g. `--sample`. Without that all work counts as T0, unless a `--tier-policy` says otherwise. */
  readonly args?: readonly string[];
  /** Default: a temporary one, deleted at the end unless RIG_E2E_KEEP is set. */
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A `rig up` in a process of its own, on a data directory of its own. `await using` ends it whatever happens. */
export class Rig implements AsyncDisposable {
  readonly layout: Layout;
  readonly pid: number;
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #ownsDataDir: boolean;
  #said = '';
  #result = '';
  #listeners: (() => void)[] = [];

  constructor({ args = [], dataDir, env = {} }: RigOptions = {}) {
    this.#ownsDataDir = dataDir === undefined;
    this.layout = layoutOf(dataDir ?? mkdtempSync(join(tmpdir(), 'rig-e2e-')));
    // The sample shows how trust is given; what else is worked here is about something else.
    const isGraded = args.includes('--sample') || args.includes('--tier-policy');
    const policy = isGraded ? [] : ['--tier-policy', join(import.meta.dirname, 'tiers.yaml')];
    const common = ['--json', '--data-dir', this.layout.root, ...policy];
    const command = [join(ROOT, 'cli', 'main.ts'), 'up', ...common, ...args];
    // A key of the person who runs the tests would have the work done by a real model.
    const { ANTHROPIC_API_KEY: _, ...own } = process.env;
    this.#child = spawn(process.execPath, command, {
      env: { ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.pid = this.#child.pid as number;
    this.ended = once(this.#child, 'close').then(([code]) => (code as number | null) ?? -1);
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#hear(line));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#result = line;
    });
  }

  /** Everything it said to the person so far. */
  get said(): string {
    return this.#said;
  }

  /** The last line of standard output, parsed. Throws SyntaxError when it is not JSON. */
  get result(): unknown {
    return JSON.parse(this.#result);
  }

  /** Resolves when the rig is up. Rejects, with what it said, when it ends or is silent instead. */
  async up(): Promise<this> {
    await this.untilSaid(UP, UP_WITHIN_MS);
    return this;
  }

  /** Resolves when the person has been told something that matches. */
  untilSaid(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      const look = () => pattern.test(this.#said) && resolve();
      this.#listeners.push(look);
      look();
    });
    const over = this.ended.then((code) => {
      throw this.#failure(`ended with ${code} before it said ${pattern}`);
    });
    return within(timeoutMs, () => this.#failure(`did not say ${pattern}`), Promise.race([heard, over]));
  }

  /** The exit code. Rejects, with what it said, when it does not end in time. */
  exitCode(timeoutMs = END_WITHIN_MS): Promise<number> {
    return within(timeoutMs, () => this.#failure('did not end'), this.ended);
  }

  /** Sends a signal to the rig and resolves to its exit code. */
  async interrupt(signal: NodeJS.Signals = 'SIGINT'): Promise<number> {
    this.#child.kill(signal);
    return this.exitCode();
  }

  /** A program of the rig as `rig status` names it, that runs now. */
  program(name: string): number {
    const found = readState(this.layout)?.processes.find((one) => one.name === name && isAlive(one));
    if (found === undefined) throw new Error(`no ${name} runs on ${this.layout.root}`);
    return found.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.interrupt();
    if (this.#ownsDataDir && !process.env.RIG_E2E_KEEP)
      rmSync(this.layout.root, { recursive: true, force: true, maxRetries: 3 });
  }

  #hear(line: string): void {
    this.#said += `${line}\n`;
    for (const look of this.#listeners) look();
  }

  #failure(what: string): Error {
    return new Error(`rig up ${what}; it said:\n${this.#said}`);
  }
}

export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  /** Its command line, followed by its environment. */
  readonly text: string;
}

/** Processes of this machine whose command line or environment holds `text`, this one and its parents aside. */
export function processesWith(text: string): FoundProcess[] {
  const args =
    process.platform === 'darwin' ? ['-axEww', '-o', 'pid=,ppid=,command='] : ['axeww', '-o', 'pid=,ppid=,args='];
  const listing = execFileSync('ps', args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env.PATH },
  });
  return listing
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => {
      const [, pid, parent, found = line] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return { pid: Number(pid), parent: Number(parent), text: found };
    })
    .filter(({ pid }) => pid !== process.pid);
}

/**
 * The agent's program that works a task, of all whose command line or environment holds `also`: not what started it, nor what it starts, which looks the same until it
 * is a program of its own.
 */
export function agentOf(task: string, also = ''): FoundProcess | undefined {
  const found = processesWith(`RIG_TASK=${task}`).filter(
    ({ text }) => /^\S*node \S*agent-image\/main\.ts /.test(text) && text.includes(also),
  );
  return found.find(({ parent }) => !found.some(({ pid }) => pid === parent));
}

function within<T>(timeoutMs: number, failure: () => Error, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(failure()), timeoutMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
