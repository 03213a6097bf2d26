import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { type Clock, realClock } from './clock.ts';
import type { CallOptions } from './transport.ts';
import type { KubeObject, Resource } from './types.ts';

export interface ProjectorOptions<T extends KubeObject> {
  client: Pick<KubeClient, 'applyStatus'>;
  resource: Resource<T>;
  fieldManager: string;
  /** Dotted paths in status of numbers that move all the time (`costUSD`, `tokens`): alone they are written at most every volatileMs. */
  volatile?: string[];
  /** Default 10 s. */
  volatileMs?: number;
  clock?: Clock;
}

/** `deferred`: only volatile fields moved, project again after `afterMs`. */
export type Projection = { result: 'applied' | 'unchanged' } | { result: 'deferred'; afterMs: number };

interface Applied {
  desired: unknown;
  /** The status the server answered with. */
  stored: unknown;
  /** resourceVersion of the object the projection was made from. */
  from: string | undefined;
  at: number;
}

const VOLATILE_MS = 10_000;
const REMEMBERED = 20_000;

/**
 * Writes status by server-side apply, only when the projection changed. It compares with the status of the object it is
 * given, and with what it applied itself, because caches lag behind and a schema may prune what was sent. An
 * object that was made again meanwhile is KubeError Conflict.
 */
export class StatusProjector<T extends KubeObject> {
  readonly #options: ProjectorOptions<T>;
  readonly #clock: Clock;
  readonly #applied = new Map<string, Applied>();

  constructor(options: ProjectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Makes the object's status `status`: fields this manager applied before and that are not in it are removed. */
  async project(object: T, status: object, call: CallOptions = {}): Promise<Projection> {
    const desired = JSON.parse(JSON.stringify(status)) as object;
    const key = object.metadata.uid ?? '';
    const last = this.#applied.get(key);
    if (isCurrent(object, desired, last)) return { result: 'unchanged' };
    const afterMs = this.#volatileWait(object, desired, last);
    if (afterMs > 0) return { result: 'deferred', afterMs };
    const { client, resource, fieldManager } = this.#options;
    const body = { metadata: object.metadata, status: desired };
    const stored = await client.applyStatus<T>(resource, body, { ...call, fieldManager });
    this.#remember(key, {
      desired,
      stored: stored.status,
      from: object.metadata.resourceVersion,
      at: this.#clock.now(),
    });
    return { result: 'applied' };
  }

  /** Drops what is remembered of an object that is gone. */
  forget(object: KubeObject): void {
    this.#applied.delete(object.metadata.uid ?? '');
  }

  #volatileWait(object: T, desired: object, last: Applied | undefined): number {
    const { volatile = [], volatileMs = VOLATILE_MS } = this.#options;
    if (last === undefined || volatile.length === 0) return 0;
    const seen = object.metadata.resourceVersion === last.from ? last.stored : object.status;
    if (!isDeepStrictEqual(without(desired, volatile), without(seen, volatile))) return 0;
    return last.at + volatileMs - this.#clock.now();
  }

  #remember(key: string, applied: Applied): void {
    this.#applied.delete(key);
    this.#applied.set(key, applied);
    for (const oldest of this.#applied.keys()) {
      if (this.#applied.size <= REMEMBERED) break;
      this.#applied.delete(oldest);
    }
  }
}

function isCurrent(object: KubeObject, desired: object, last: Applied | undefined): boolean {
  const cached = object.status;
  const lags = last !== undefined && object.metadata.resourceVersion === last.from;
  if (!lags && isDeepStrictEqual(cached ?? {}, desired)) return true;
  if (last === undefined || !isDeepStrictEqual(last.desired, desired)) return false;
  return lags || isDeepStrictEqual(cached, last.stored);
}

function without(value: unknown, paths: string[]): unknown {
  const copy = structuredClone(value ?? {});
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    let at: unknown = copy;
    for (const step of steps) at = (at as Record<string, unknown> | undefined)?.[step];
    if (at !== null && typeof at === 'object') delete (at as Record<string, unknown>)[last];
  }
  return copy;
}
