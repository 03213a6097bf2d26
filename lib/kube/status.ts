import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { type Clock, realClock } from './clock.ts';
import { legible } from './text.ts';
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
  /** resourceVersion the server answered with. */
  version: string | undefined;
  at: number;
}

const VOLATILE_MS = 10_000;
const REMEMBERED = 20_000;

/**
 * Writes status by server-side apply, only when the projection changed. It compares with the status of the object it is
 * given, and with what it applied itself, because caches lag behind and a schema may prune what was sent. It writes over
 * the version that it knows alone: an object that somebody else changed since, or made again, is KubeError Conflict, and is to be looked at
 * anew. So a leader that was frozen and wakes up writes nothing over what the next one wrote.
 */
export class StatusProjector<T extends KubeObject> {
  readonly #options: ProjectorOptions<T>;
  readonly #clock: Clock;
  readonly #applied = new Map<string, Applied>();

  constructor(options: ProjectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /**
   * The object with the status it has by now, as far as this projector knows: a cache may not have seen its last write yet.
   * What is carried over from the old status (`lastTransitionTime`) must be read from here.
   */
  latest(object: T): T {
    const last = this.#applied.get(object.metadata.uid ?? '');
    return last !== undefined && isOlder(object, last.version) ? { ...object, status: last.stored } : object;
  }

  /** Whether this very version of the object is the one that this projector wrote last: its status is news to nobody here. */
  wrote(object: T): boolean {
    const { uid = '', resourceVersion } = object.metadata;
    return resourceVersion !== undefined && this.#applied.get(uid)?.version === resourceVersion;
  }

  /** Makes the object's status `status`, its texts made legible: fields this manager applied before and that are not in it are removed. */
  async project(object: T, status: object, call: CallOptions = {}): Promise<Projection> {
    const desired = JSON.parse(JSON.stringify(status), shown) as object;
    const key = object.metadata.uid ?? '';
    const last = this.#applied.get(key);
    const seen = this.latest(object).status ?? {};
    if (isCurrent(seen, desired, last)) return { result: 'unchanged' };
    const afterMs = this.#volatileWait(seen, desired, last);
    if (afterMs > 0) return { result: 'deferred', afterMs };
    const { client, resource, fieldManager } = this.#options;
    const body = { metadata: object.metadata, status: desired };
    const resourceVersion = isOlder(object, last?.version) ? last?.version : object.metadata.resourceVersion;
    const stored = await client.applyStatus<T>(resource, body, { ...call, fieldManager, resourceVersion });
    const { resourceVersion: version } = stored.metadata;
    this.#remember(key, { desired, stored: stored.status, version, at: this.#clock.now() });
    return { result: 'applied' };
  }

  /** Drops what is remembered of an object that is gone. */
  forget(object: KubeObject): void {
    this.#applied.delete(object.metadata.uid ?? '');
  }

  #volatileWait(seen: unknown, desired: object, last: Applied | undefined): number {
    const { volatile = [], volatileMs = VOLATILE_MS } = this.#options;
    if (last === undefined || volatile.length === 0) return 0;
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

const shown = (_: string, value: unknown) => (typeof value === 'string' ? legible(value) : value);

function isCurrent(seen: unknown, desired: object, last: Applied | undefined): boolean {
  if (isDeepStrictEqual(seen, desired)) return true;
  return last !== undefined && isDeepStrictEqual(last.desired, desired) && isDeepStrictEqual(seen, last.stored);
}

/** Versions of one resource are decimal numbers that grow: Kubernetes promises it since 1.35 (KEP-5504). */
function isOlder({ metadata: { resourceVersion = '' } }: KubeObject, than = ''): boolean {
  return resourceVersion.length === than.length ? resourceVersion < than : resourceVersion.length < than.length;
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
