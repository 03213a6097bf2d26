/** Allows a burst, then one more every `everyMs`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #everyMs: number;
  #tokens: number;
  #at: number;

  constructor(limits: { burst: number; everyMs: number }, now: number) {
    this.#burst = limits.burst;
    this.#everyMs = limits.everyMs;
    this.#tokens = limits.burst;
    this.#at = now;
  }

  /** Takes one token if there is one. `now` is a monotonic time in ms. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether it is as good as new. */
  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.#burst;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / this.#everyMs);
    this.#at = now;
  }
}
