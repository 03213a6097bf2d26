import { type Logger, silentLogger } from '#lib/observe';
import { type Clock, realClock } from './clock.ts';
import { KubeError } from './errors.ts';
import { type ListWatchClient, Reflector, type ReflectorOptions, type ReflectorState } from './reflector.ts';
import { keyOf } from './resource.ts';
import { type IndexFunction, Store } from './store.ts';
import type { KubeObject, Resource } from './types.ts';

/** Called synchronously, one event after the other: enqueue a key and return. A throw is logged and changes nothing. */
export interface InformerHandler<T extends KubeObject> {
  add?(object: T): void;
  /** On a resync `old` and `object` are the same. */
  update?(object: T, old: T): void;
  /** `object` is the last state that was seen. */
  delete?(object: T): void;
}

export interface InformerOptions extends Partial<ReflectorOptions> {
  /** Hands every cached object to `update` about this often, in ms, so that lost work is found again. Default 10 min; 0 never. */
  resyncMs?: number;
  /** Applied before an object is cached, to keep less of it. Must keep metadata. */
  transform?(object: KubeObject): KubeObject;
}

const RESYNC_MS = 600_000;

/**
 * A cache of the objects of one kind that follows the API server, and tells handlers what changed. Cached objects are frozen
 * and come without managedFields: copy one before changing it. An object that was deleted and made again while nobody
 * looked is told as delete, then add.
 */
export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #store = new Store<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #reflector: Reflector<T>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: InformerOptions;
  #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #running: Promise<void> | undefined;

  constructor(client: ListWatchClient, resource: Resource<T>, options: InformerOptions = {}) {
    this.resource = resource;
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    const sink = {
      replace: (items: T[]) => this.#replace(items),
      upsert: (object: T) => this.#upsert(this.#prepare(object)),
      remove: (object: T) => this.#remove(keyOf(object)),
    };
    const random = options.random ?? Math.random;
    this.#reflector = new Reflector(client, resource, sink, {
      ...options,
      clock: this.#clock,
      random,
      logger: this.#logger,
    });
  }

  /** Whether a whole list has been seen since the start: before that absence means nothing. */
  hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when {@link hasSynced}; rejects with KubeError `Aborted` when `signal` aborts first. */
  async waitForSync(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return;
    const aborted = Promise.withResolvers<never>();
    const abort = () =>
      aborted.reject(new KubeError('Aborted', `stopped before the cache of ${this.resource.kind} was filled`));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  get size(): number {
    return this.#store.size;
  }

  /** The object as last seen. `namespace` is undefined for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#store.get(keyOf({ namespace, name }));
  }

  /** As {@link get}, by the key of queues. */
  byKey(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(namespace?: string): T[] {
    return this.#store.list(namespace);
  }

  /** Adds an index over all objects, past and future; `fn` must be pure. */
  addIndex(name: string, fn: IndexFunction<T>): this {
    this.#store.addIndex(name, fn);
    return this;
  }

  byIndex(name: string, value: string): T[] {
    return this.#store.byIndex(name, value);
  }

  /** Lists, watches, failures and the last error. */
  state(): Readonly<ReflectorState> {
    return this.#reflector.state;
  }

  /** Tells `handler` of everything that is cached, as adds, and then of every change. Returns how to end that. */
  subscribe(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#store.list()) this.#call(() => handler.add?.(object));
    return () => this.#handlers.delete(handler);
  }

  /** Runs until `signal` aborts; calling it again returns the same run. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#follow(signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const cancelResync = this.#scheduleResync();
    try {
      await this.#reflector.run(signal);
    } finally {
      cancelResync();
    }
  }

  #scheduleResync(): () => void {
    const every = this.#options.resyncMs ?? RESYNC_MS;
    if (every <= 0) return () => undefined;
    const random = this.#options.random ?? Math.random;
    let cancel = () => {};
    const schedule = () => {
      cancel = this.#clock.setTimeout(
        () => {
          for (const object of this.#store.list()) this.#emit((handler) => handler.update?.(object, object));
          schedule();
        },
        Math.round(every * (1 + 0.1 * random())),
      );
    };
    schedule();
    return () => cancel();
  }

  #replace(items: T[]): void {
    const gone = new Set(this.#store.keys());
    for (const item of items) {
      const object = this.#prepare(item);
      gone.delete(keyOf(object));
      this.#upsert(object);
    }
    for (const key of gone) this.#remove(key);
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #upsert(object: T): void {
    const known = this.#store.get(keyOf(object));
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.#remove(keyOf(object));
    else if (known !== undefined && known.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const old = this.#store.set(object);
    if (old === undefined) this.#emit((handler) => handler.add?.(object));
    else this.#emit((handler) => handler.update?.(object, old));
  }

  #remove(key: string): void {
    const old = this.#store.delete(key);
    if (old !== undefined) this.#emit((handler) => handler.delete?.(old));
  }

  #prepare(object: T): T {
    delete (object.metadata as { managedFields?: unknown }).managedFields;
    return deepFreeze((this.#options.transform?.(object) ?? object) as T);
  }

  #emit(tell: (handler: InformerHandler<T>) => void): void {
    for (const handler of this.#handlers) this.#call(() => tell(handler));
  }

  #call(fn: () => void): void {
    try {
      fn();
    } catch (err) {
      this.#logger.error({ kind: this.resource.kind, err }, 'informer handler threw');
    }
  }
}

/** An informer over `client`; it does nothing until it runs (a Manager runs those it made). */
export function createInformer<T extends KubeObject>(
  client: ListWatchClient,
  resource: Resource<T>,
  options: InformerOptions = {},
): Informer<T> {
  return new Informer(client, resource, options);
}

function deepFreeze<V>(value: V): V {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
