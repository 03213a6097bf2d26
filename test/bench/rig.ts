import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Layout, layoutOf } from '#lib/datadir';

const ROOT = join(import.meta.dirname, '..', '..');
/** The last line the supervisor shows before the rig is up: how to reach it. */
const UP = /^\s*export KUBECONFIG=/;
/** For a rig whose Issues say nothing of what they touch: under this policy they are worked all the same, so that what is timed is not a person. */
export const ALL_IS_WORKED = ['--tier-policy', join(ROOT, 'test', 'kit', 'tiers.yaml')];
const STEP = /^✓\s+(?<seconds>[\d.]+) s\s+(?<name>\S+)/;
/** An event of the timeline. */
const EVENT = /^\d\d:\d\d:\d\d \S+ (?<type>[A-Z]+(?:_[A-Z]+)*)\b/;
const TAIL = 30;

/** `npm start` in a process of its own: the bench sees what a person sees. */
export class RigProcess {
  readonly layout: Layout;
  /** Seconds of the start's steps, by the step's name. */
  readonly steps = new Map<string, number>();
  readonly #events: { readonly type: string; readonly at: number }[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #tail: string[] = [];
  readonly #startedAt = performance.now();
  #lastLine = '';
  #onUp: (seconds: number) => void = () => {};
  /** Seconds from the start of the command to the rig being up; pending for one that never is. */
  readonly #up = new Promise<number>((resolve) => {
    this.#onUp = resolve;
  });

  constructor(dataDir: string, args: readonly string[] = []) {
    this.layout = layoutOf(dataDir);
    // With a key the sample would be worked by a real model, and its speed measured.
    const { ANTHROPIC_API_KEY: _, ...env } = process.env;
    const command = [join(ROOT, 'hack', 'start.mjs'), '--json', '--data-dir', dataDir, ...args];
    this.#child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#closed = once(this.#child, 'close');
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#read(line));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#lastLine = line;
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Seconds from the command to the rig being up. Rejects when it ends before, or `signal` aborts. */
  up(signal: AbortSignal): Promise<number> {
    return Promise.race([this.#up, this.#ended(), aborted(signal)]);
  }

  /** The result that `--once` ends with. Rejects when it ends without success, or `signal` aborts. */
  async result<T>(signal: AbortSignal): Promise<T> {
    await Promise.race([this.#closed, aborted(signal)]);
    if (this.#child.exitCode !== 0) throw this.#failure();
    return JSON.parse(this.#lastLine) as T;
  }

  /** Where the timeline stood still longest: a round that took long says so in it. */
  longestPause(): string {
    const pauses = this.#events.slice(1).map(({ type, at }, index) => {
      const before = this.#events[index] as { type: string; at: number };
      return { seconds: (at - before.at) / 1000, between: `${before.type} and ${type}` };
    });
    const longest = pauses.reduce((a, b) => (b.seconds > a.seconds ? b : a), { seconds: 0, between: 'nothing' });
    return `${longest.seconds.toFixed(1)} s between ${longest.between}`;
  }

  /** Stops it as Ctrl-C does; resolves when nothing of it runs any more. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGINT');
    await this.#closed;
  }

  async #ended(): Promise<never> {
    await this.#closed;
    throw this.#failure();
  }

  #failure(): Error {
    const how = this.#child.exitCode ?? this.#child.signalCode;
    return new Error(`npm start ended with ${how}; its last lines:\n${this.#tail.join('\n')}`);
  }

  #read(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL) this.#tail.shift();
    const step = STEP.exec(line)?.groups;
    if (step) this.steps.set(step.name!, Number(step.seconds));
    const event = EVENT.exec(line)?.groups;
    if (event) this.#events.push({ type: event.type!, at: performance.now() });
    if (UP.test(line)) this.#onUp((performance.now() - this.#startedAt) / 1000);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Runs `use` with a rig on `dataDir` that is up, and stops it whatever happens. */
export async function withRig<T>(
  dataDir: string,
  signal: AbortSignal,
  use: (rig: RigProcess, upSeconds: number) => Promise<T>,
  args: readonly string[] = [],
): Promise<T> {
  const rig = new RigProcess(dataDir, args);
  try {
    return await use(rig, await rig.up(signal));
  } finally {
    await rig.stop();
  }
}
