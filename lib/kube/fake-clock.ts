import { setImmediate } from 'node:timers/promises';
import type { Clock } from './clock.ts';

interface Timer {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock for tests that stands still until it is turned. */
export class FakeClock implements Clock {
  #now = 0;
  #wallOffset: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(start: string = '2030-01-01T00:00:00Z') {
    this.#wallOffset = Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#wallOffset + this.#now);
  }

  setTimeout(fn: () => void, ms: number): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Turns the clock by `ms`, firing timers in order, without letting promises run in between. */
  turn(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = timer.at;
      timer.fn();
    }
    this.#now = end;
  }

  /** As turn, but everything that waits on promises goes on after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = timer.at;
      timer.fn();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Lets promises and immediates run until nothing is likely to be left to run. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await setImmediate();
}
