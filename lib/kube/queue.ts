import { type BackoffOptions, backoffDelay } from './backoff.ts';
import { type Clock, realClock } from './clock.ts';

export interface WorkQueueOptions {
  clock?: Clock;
  /** Delay of a key after each failure in a row. Default 50 ms doubling to 2 min, jitter 0.2. */
  backoff?: BackoffOptions;
  /** Told how long a key was ready, in ms, when a worker takes it. */
  onHandedOut?: (waitedMs: number) => void;
}

const BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 120_000, jitter: 0.2 };

/**
 * Keys that wait for work, each at most once. A key added while it is being worked on is handed out again after done, never to two
 * workers at a time. Ready keys are handed out in the order in which they became ready. A key has at most one
 * future time, the earliest asked for, and add replaces it: what the next run asks for counts.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #onHandedOut: ((waitedMs: number) => void) | undefined;
  /** Keys to hand out, in order, and since when; a Map keeps insertion order. */
  readonly #ready = new Map<string, number>();
  /** Keys that need work: ready, or added again while processed. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, { at: number; cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #waiters: Array<(key: string | undefined) => void> = [];
  readonly #idleWaiters: Array<() => void> = [];
  #closed = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#backoff = options.backoff ?? BACKOFF;
    this.#onHandedOut = options.onHandedOut;
  }

  /** Keys ready to be handed out. */
  get length(): number {
    return this.#ready.size;
  }

  /** Keys being worked on. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes `key` ready now. */
  add(key: string): void {
    if (this.#closed) return;
    this.#cancelDelay(key);
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Makes `key` ready in `ms`, unless it is or gets ready before. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    if (this.#closed || this.#dirty.has(key)) return;
    const at = this.#clock.now() + ms;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.at <= at) return;
    planned?.cancel();
    this.#delayed.set(key, { at, cancel: this.#clock.setTimeout(() => this.add(key), ms) });
  }

  /** Counts a failure of `key` and makes it ready after its own backoff, which is returned in ms. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delay = backoffDelay(failures, this.#backoff);
    this.addAfter(key, delay);
    return delay;
  }

  /** `key` succeeded, or is given up: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures of `key` in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next ready key, waiting for one; undefined once the queue is shut down and empty. Each key must be given back by done. */
  get(): Promise<string | undefined> {
    const [key] = this.#ready.keys();
    if (key !== undefined) return Promise.resolve(this.#handOut(key));
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The work on `key` is over; if it was added meanwhile it is ready again. */
  done(key: string): void {
    if (!this.#processing.delete(key)) return;
    if (this.#dirty.has(key)) this.#enqueue(key);
    if (this.#processing.size === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Takes no more keys and drops those that nobody works on; workers get undefined. Safe to call twice. */
  shutDown(): void {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.clear();
    this.#dirty.clear();
    for (const resolve of this.#waiters.splice(0)) resolve(undefined);
  }

  /** Shuts down and resolves when no key is being worked on any more. */
  drain(): Promise<void> {
    this.shutDown();
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #enqueue(key: string): void {
    const waiter = this.#waiters.shift();
    this.#ready.set(key, this.#clock.now());
    if (waiter !== undefined) waiter(this.#handOut(key));
  }

  #handOut(key: string): string {
    this.#onHandedOut?.(this.#clock.now() - (this.#ready.get(key) ?? this.#clock.now()));
    this.#ready.delete(key);
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }
}
