import { secondaryLimit } from '../faults/index.ts';
import type { Actor } from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import type { LimitRow, Store } from '../store/index.ts';
import type { Answer } from './answer.ts';
import { ok } from './answer.ts';

const LIMIT = 5000;
const WINDOW_SECONDS = 3600;
const MINUTE_MS = 60_000;

type Resource = 'core' | 'graphql';

interface Window {
  used: number;
  reset: number;
}

interface Count {
  total: number;
  notModified: number;
  readonly operations: Map<string, number>;
}

const emptyCount = (): Count => ({ total: 0, notModified: 0, operations: new Map() });
const shown = ({ total, notModified, operations }: Count) => ({
  total,
  notModified,
  operations: Object.fromEntries(operations),
});
const resourceOf = (operation: string): Resource => (operation === 'POST /graphql' ? 'graphql' : 'core');

/**
 * Counts requests: per identity, resource and hour for the rate limits, and per identity and operation for whoever measures a client. An
 * installation is an identity of its own, as on GitHub. Limits are GitHub's numbers and only enforced where the admin set some.
 */
export class Meter {
  readonly #clock: () => number;
  readonly #store: Store;
  readonly #windows = new Map<string, Window>();
  readonly #writes = new Map<string, number[]>();
  #all = emptyCount();
  #identities = new Map<string, Count>();

  constructor(store: Store, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Refuses a request over a limit that is enforced: the primary one until its reset, the secondary one for a minute at most. */
  admit(actor: Actor, operation: string): void {
    const limits = this.#limits(actor);
    if (limits === undefined || operation === 'GET /rate_limit') return;
    const { limit, used } = this.state(actor, resourceOf(operation));
    if (used >= limit) {
      throw new Refusal(limits.status, `API rate limit exceeded for user ID ${actor.user.id}.`);
    }
    if (limits.writesPerMinute === null || /^GET |graphql/.test(operation)) return;
    const now = this.#clock();
    const recent = (this.#writes.get(identity(actor)) ?? []).filter((at) => at > now - MINUTE_MS);
    const first = recent[0] ?? now;
    if (recent.length >= limits.writesPerMinute) {
      throw secondaryLimit(Math.max(1, Math.ceil((first + MINUTE_MS - now) / 1000)));
    }
    this.#writes.set(identity(actor), [...recent, now]);
  }

  /** Counts one answered request and returns its rate-limit headers; an answer 304 is free, as on GitHub. */
  count(actor: Actor | undefined, operation: string, notModified: boolean): Record<string, string> {
    for (const count of [this.#all, ...(actor === undefined ? [] : [this.#countOf(actor)])]) {
      if (notModified) count.notModified++;
      else {
        count.total++;
        count.operations.set(operation, (count.operations.get(operation) ?? 0) + 1);
      }
    }
    if (actor === undefined) return {};
    const resource = resourceOf(operation);
    const free = notModified || operation === 'GET /rate_limit';
    if (!free) this.#window(actor, resource).used++;
    const { limit, used, remaining, reset } = this.state(actor, resource);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': resource,
    };
  }

  /** GitHub's `rate` object of one identity; `reset` in seconds since 1970. */
  state(actor: Actor, resource: Resource = 'core') {
    const limit = this.#limits(actor)?.[resource] ?? LIMIT;
    const { used, reset } = this.#window(actor, resource);
    return { limit, used: Math.min(used, limit), remaining: Math.max(0, limit - used), reset };
  }

  /** Requests since the start or the last {@link reset}: all together, and for each identity by its login or `installation:ID`. */
  get totals() {
    const identities = Object.fromEntries([...this.#identities].map(([name, count]) => [name, shown(count)]));
    return { ...shown(this.#all), identities };
  }

  /** Counts from zero again; with `windows` also begins every rate limit's hour anew. */
  reset(windows: boolean): void {
    this.#all = emptyCount();
    this.#identities = new Map();
    if (!windows) return;
    this.#windows.clear();
    this.#writes.clear();
  }

  #countOf(actor: Actor): Count {
    const name = identity(actor);
    const count = this.#identities.get(name) ?? emptyCount();
    this.#identities.set(name, count);
    return count;
  }

  #limits({ user }: Actor): LimitRow | undefined {
    const rows = this.#store.limits.find();
    return rows.find(({ login }) => login?.toLowerCase() === user.loginKey) ?? rows.find(({ login }) => login === null);
  }

  #window(actor: Actor, resource: Resource): Window {
    const key = `${resource}:${identity(actor)}`;
    const seconds = Math.floor(this.#clock() / 1000);
    const current = this.#windows.get(key);
    if (current !== undefined && current.reset > seconds) return current;
    const fresh = { used: 0, reset: seconds + (this.#limits(actor)?.windowSeconds ?? WINDOW_SECONDS) };
    this.#windows.set(key, fresh);
    return fresh;
  }
}

const identity = ({ user, installation }: Actor): string =>
  installation === undefined ? user.login : `installation:${installation.row.id}`;

/** `GET /rate_limit`. */
export function rateLimit(meter: Meter, actor: Actor): Answer {
  const rate = meter.state(actor, 'core');
  return ok({ resources: { core: rate, search: rate, graphql: meter.state(actor, 'graphql') }, rate });
}
