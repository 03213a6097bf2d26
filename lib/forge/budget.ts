import { ForgeError } from './error.ts';

type Kind = 'read' | 'write';

/** `primary` the hour's calls are used up · `secondary` too much at once · `reserve` what is left is kept for writes. */
export type LimitKind = 'primary' | 'secondary' | 'reserve';

export interface Limited {
  readonly limit: LimitKind;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

interface Window {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
}

/** Of what the forge allows in an hour, this part is left to writes: reads wait for the reset before the last calls are spent on them. */
const RESERVE = 0.02;
/** A secondary limit that names no time is waited for a minute, which is what GitHub asks, and twice as long each time it is met again. */
const SECONDARY_MS = 60_000;
const LONGEST_MS = 3_600_000;

/**
 * What one identity at one forge may still ask, as the forge's own answers tell it. All calls of the identity share one, so that a limit
 * that one of them meets holds all of them back: nothing is sent before its end. Sources: GitHub's pages "Rate limits for the REST API"
 * and "Best practices for using the REST API".
 */
export class Budget {
  readonly #now: () => number;
  readonly #onLimited: (limit: LimitKind) => void;
  readonly #windows = new Map<string, Window>();
  #secondaryUntil = 0;
  #secondaries = 0;

  constructor(options: { now?: () => number; onLimited?: (limit: LimitKind) => void } = {}) {
    this.#now = options.now ?? Date.now;
    this.#onLimited = options.onLimited ?? (() => undefined);
  }

  /** Until when no request of this kind is sent, or null where one may be. */
  limited(kind: Kind, resource = 'core'): Limited | null {
    const now = this.#now();
    if (this.#secondaryUntil > now) return { limit: 'secondary', until: this.#secondaryUntil };
    const window = this.#windows.get(resource);
    if (window === undefined || window.resetAt <= now) return null;
    if (window.remaining === 0) return { limit: 'primary', until: window.resetAt };
    const kept = Math.ceil(window.limit * RESERVE);
    return kind === 'read' && window.remaining <= kept ? { limit: 'reserve', until: window.resetAt } : null;
  }

  /** The limit that keeps this identity from reading anything, whatever the resource. */
  get waiting(): Limited | null {
    const all = ['core', 'graphql'].flatMap((resource) => this.limited('read', resource) ?? []);
    return all.sort((a, b) => b.until - a.until)[0] ?? null;
  }

  /** Throws RateLimited, outcome definite, where a request may not be sent now. */
  check(kind: Kind, resource?: string): void {
    const limited = this.limited(kind, resource);
    if (limited === null) return;
    this.#onLimited(limited.limit);
    const until = new Date(limited.until).toISOString().replace(/\.\d+Z$/, 'Z');
    throw new ForgeError('RateLimited', `It waits for the forge's rate limit until ${until}.`, {
      retryAfterMs: Math.max(1_000, limited.until - this.#now()),
    });
  }

  /** Takes in one answer. `text` is the body of a refusal, or of a GraphQL answer. */
  told(resource: string, status: number, headers: Headers, text: string): void {
    const now = this.#now();
    const counted = headers.get('x-ratelimit-resource') ?? resource;
    // Only these are asked for here; of others the forge may make up as many as it answers.
    if (counted === 'core' || counted === 'graphql') this.#count(counted, headers, now);
    const secondary = isSecondary(status, headers, text);
    if (!secondary) {
      if (status < 400 && this.#secondaryUntil <= now) this.#secondaries = 0;
      return;
    }
    const asked = headers.get('retry-after');
    const own = SECONDARY_MS * 2 ** Math.min(this.#secondaries, 6);
    const ms = asked !== null && /^\d{1,6}$/.test(asked) ? Number(asked) * 1_000 : own;
    // Those that were under way when the limit was met do not count as meeting it again.
    if (this.#secondaryUntil <= now) this.#secondaries += 1;
    this.#secondaryUntil = Math.max(this.#secondaryUntil, now + Math.min(Math.max(ms, 1_000), LONGEST_MS));
  }

  #count(resource: string, headers: Headers, now: number): void {
    const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) => {
      const value = headers.get(`x-ratelimit-${name}`);
      return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : null;
    });
    if (limit == null || remaining == null || reset == null) return;
    const resetAt = Math.min(reset * 1_000, now + LONGEST_MS);
    const known = this.#windows.get(resource);
    // Answers overtake each other: within one window what is left only shrinks.
    const same = known !== undefined && known.resetAt > now && Math.abs(known.resetAt - resetAt) < 5_000;
    this.#windows.set(resource, { limit, resetAt, remaining: same ? Math.min(known.remaining, remaining) : remaining });
  }
}

function isSecondary(status: number, headers: Headers, text: string): boolean {
  if (status !== 200 && status !== 403 && status !== 429) return false;
  if (/secondary rate limit/i.test(text)) return true;
  if (status === 200 || headers.get('x-ratelimit-remaining') === '0') return false;
  return status === 429 || headers.has('retry-after');
}
