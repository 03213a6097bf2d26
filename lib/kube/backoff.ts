export interface BackoffOptions {
  /** First delay in ms. */
  baseMs: number;
  /** Longest delay in ms. */
  maxMs: number;
  /** Share of a delay that is random, 0 to 1: 0.5 spreads it over its upper half. Default 0.5. */
  jitter?: number;
  /** Uniform in [0, 1). Default Math.random. */
  random?: () => number;
}

/** The delay in ms before try `attempt` (0 is the first retry): doubles each time, never above `maxMs`, jitter only shortens. */
export function backoffDelay(attempt: number, options: BackoffOptions): number {
  const full = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 50));
  const random = options.random ?? Math.random;
  return Math.round(full * (1 - (options.jitter ?? 0.5) * random()));
}

/** Counts failures of one thing and says how long to wait after each. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Counts one failure and returns the delay in ms. */
  next(): number {
    return backoffDelay(this.#attempt++, this.#options);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
