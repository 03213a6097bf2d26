import type { Logger, Metrics } from '#lib/observe';
import { Backoff } from './backoff.ts';
import type { ListOptions } from './calls.ts';
import { type Clock, sleep } from './clock.ts';
import { isKubeError, KubeError } from './errors.ts';
import type { KubeObject, ObjectList, Resource } from './types.ts';
import type { WatchOptions } from './watch.ts';

/** The two calls a reflector needs; KubeClient is one. */
export interface ListWatchClient {
  pages<T extends KubeObject>(resource: Resource<T>, options: ListOptions): AsyncIterable<ObjectList<T>>;
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions<T>): Promise<void>;
}

/** Where a reflector puts what it sees. */
export interface Sink<T extends KubeObject> {
  /** The whole truth at one version, after a list. */
  replace(items: T[]): void;
  upsert(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects a page. Default 500. */
  pageSize?: number;
  /** The server ends each watch after about so long. Default 40 s; 2 s before its end it sends a bookmark. */
  watchSeconds?: number;
  /** A watch on which nothing arrived for so long is taken for half-open and started again. Default watchSeconds + 5 s. */
  idleMs?: number;
  /** First and longest delay between failing tries. Default 200 ms and 15 s. */
  backoff?: { baseMs: number; maxMs: number };
  clock: Clock;
  random: () => number;
  logger: Logger;
  metrics?: Metrics;
}

/** What a reflector has been through; for readiness and metrics. */
export interface ReflectorState {
  lists: number;
  watches: number;
  failures: number;
  lastError?: KubeError;
  /** The clock's time of the last list, event, bookmark or orderly end of a watch. */
  lastContactAt?: number;
}

const WATCH_SECONDS = 40;
const FAILED_WATCHES_BEFORE_RELIST = 5;
const STEADY_MS = 5000;
/** The client library throws the Retry-After of a refused watch away; an API server's is 1 s. */
const REFUSED_MS = 1000;

/**
 * Keeps a sink equal to what the API server holds: a paged list, then watches with bookmarks from its version, for ever.
 * Nothing the server or the network does ends it, only the signal: failures are retried with jittered backoff, 410 and
 * versions the server does not know lead to a new list, silent connections are given up.
 */
export class Reflector<T extends KubeObject> {
  readonly state: ReflectorState = { lists: 0, watches: 0, failures: 0 };
  readonly #client: ListWatchClient;
  readonly #resource: Resource<T>;
  readonly #sink: Sink<T>;
  readonly #options: ReflectorOptions;
  readonly #backoff: Backoff;
  #version: string | undefined;
  #failedWatches = 0;
  #expiredLists = 0;
  #watchingSince = 0;

  constructor(client: ListWatchClient, resource: Resource<T>, sink: Sink<T>, options: ReflectorOptions) {
    this.#client = client;
    this.#resource = resource;
    this.#sink = sink;
    this.#options = options;
    this.#backoff = new Backoff({ ...(options.backoff ?? { baseMs: 200, maxMs: 15_000 }), random: options.random });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal);
        else await this.#watch(this.#version, signal);
      } catch (error) {
        if (signal.aborted) return;
        const delay = this.#fail(error);
        await sleep(this.#options.clock, delay, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector, pageSize } = this.#options;
    const limit = this.#expiredLists > 1 ? 0 : pageSize;
    const items: T[] = [];
    let version = '';
    const pages = this.#client.pages(this.#resource, {
      namespace,
      labelSelector,
      fieldSelector,
      limit,
      signal,
      retries: 2,
    });
    for await (const page of pages) {
      for (const item of page.items) items.push(item);
      version = page.resourceVersion;
    }
    if (signal.aborted) return;
    this.#sink.replace(items);
    this.#version = version;
    this.#expiredLists = 0;
    this.state.lists++;
    this.#contact();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector, clock, random } = this.#options;
    const seconds = this.#options.watchSeconds ?? WATCH_SECONDS;
    let events = 0;
    this.state.watches++;
    this.#watchingSince = clock.now();
    await this.#client.watch(this.#resource, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds: Math.max(1, Math.round(seconds * (1 - 0.1 * random()))),
      idleMs: this.#options.idleMs ?? (seconds + 5) * 1000,
      signal,
      onEvent: (type, object) => {
        events++;
        this.#progress(object.metadata.resourceVersion);
        if (type === 'DELETED') this.#sink.remove(object);
        else if (type !== 'BOOKMARK') this.#sink.upsert(object);
      },
    });
    if (signal.aborted) return;
    if (events === 0 && clock.now() - this.#watchingSince < Math.min(STEADY_MS, seconds * 500)) {
      throw new KubeError('Unavailable', 'the watch was closed as soon as it was open');
    }
    this.#steady();
  }

  #progress(version: string | undefined): void {
    if (version !== undefined) this.#version = version;
    this.#steady();
  }

  #steady(): void {
    this.#failedWatches = 0;
    this.#backoff.reset();
    this.#contact();
  }

  #contact(): void {
    this.state.lastContactAt = this.#options.clock.now();
    this.state.lastError = undefined;
  }

  /**
   * A watch that lived for a while did not fail because of its version, even if nothing happened in it; nor one that an overloaded or absent
   * server refused, on which a list would only weigh more.
   */
  #countFailedWatch(failure: KubeError): void {
    const lived = this.#options.clock.now() - this.#watchingSince >= STEADY_MS;
    if (lived) this.#backoff.reset();
    if (isKubeError(failure, 'TooManyRequests', 'Internal', 'Unavailable')) return;
    this.#failedWatches = lived ? 1 : this.#failedWatches + 1;
  }

  /** Decides from which version to go on and returns the delay in ms. */
  #fail(error: unknown): number {
    const failure = error instanceof KubeError ? error : new KubeError('Unexpected', String(error), { cause: error });
    const listing = this.#version === undefined;
    if (listing && failure.code === 'Gone') this.#expiredLists++;
    if (!listing) this.#countFailedWatch(failure);
    const lost =
      isKubeError(failure, 'Gone', 'BadRequest', 'Invalid') || this.#failedWatches >= FAILED_WATCHES_BEFORE_RELIST;
    if (lost) {
      this.#version = undefined;
      this.#failedWatches = 0;
    }
    this.state.failures++;
    this.#options.metrics?.count('rig_watch_restarts_total', { kind: this.#resource.kind });
    this.state.lastError = failure;
    const asked = failure.retryAfterMs ?? (failure.code === 'TooManyRequests' ? REFUSED_MS : 0);
    const delay = Math.max(this.#backoff.next(), Math.min(asked, 30_000));
    const level = this.#backoff.attempt > 3 ? 'warn' : 'debug';
    this.#options.logger[level](
      { kind: this.#resource.kind, err: failure, listing, relist: lost, retryInMs: delay },
      'watch interrupted',
    );
    return delay;
  }
}
