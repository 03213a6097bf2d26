import type { Answer } from './answer.ts';
import { ok } from './answer.ts';

const LIMIT = 5000;
const WINDOW_SECONDS = 3600;

interface Window {
  used: number;
  reset: number;
}

/** Counts requests: per identity and hour for the rate-limit headers, and per operation for whoever measures a client. */
export class Meter {
  readonly #clock: () => number;
  readonly #windows = new Map<number, Window>();
  readonly #operations = new Map<string, number>();
  #notModified = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Counts one answered request and returns its rate-limit headers; an answer 304 is free, as on GitHub. */
  count(userId: number | undefined, operation: string, notModified: boolean): Record<string, string> {
    if (notModified) this.#notModified++;
    else this.#operations.set(operation, (this.#operations.get(operation) ?? 0) + 1);
    if (userId === undefined) return {};
    const window = this.#window(userId);
    if (!notModified) window.used++;
    const { limit, used, remaining, reset } = this.state(userId);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': operation.includes('graphql') ? 'graphql' : 'core',
    };
  }

  /** GitHub's `rate` object of one identity; `reset` in seconds since 1970. */
  state(userId: number) {
    const { used, reset } = this.#window(userId);
    return { limit: LIMIT, used, remaining: Math.max(0, LIMIT - used), reset };
  }

  get totals() {
    const operations = Object.fromEntries(this.#operations);
    const total = Object.values(operations).reduce((sum, count) => sum + count, 0);
    return { total, operations, notModified: this.#notModified };
  }

  #window(userId: number): Window {
    const seconds = Math.floor(this.#clock() / 1000);
    const current = this.#windows.get(userId);
    if (current !== undefined && current.reset > seconds) return current;
    const fresh = { used: 0, reset: seconds + WINDOW_SECONDS };
    this.#windows.set(userId, fresh);
    return fresh;
  }
}

/** `GET /rate_limit`. */
export function rateLimit(meter: Meter, userId: number): Answer {
  const rate = meter.state(userId);
  return ok({ resources: { core: rate, search: rate, graphql: rate }, rate });
}
