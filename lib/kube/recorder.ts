import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Logger, silentLogger } from '#lib/observe';
import type { KubeClient } from './client.ts';
import { type Clock, formatMicroTime, realClock } from './clock.ts';
import { isKubeError } from './errors.ts';
import { EVENTS, keyOf } from './resource.ts';
import { cutBytes, legible } from './text.ts';
import { TokenBucket } from './token-bucket.ts';
import type { KubeObject, Resource } from './types.ts';

/** One thing to tell the readers of `kubectl describe` and `kubectl events`. */
export interface EventInput {
  type: 'Normal' | 'Warning';
  /** PascalCase cause. */
  reason: string;
  /** One sentence; cut after 1,024 bytes. */
  message: string;
  /** PascalCase verb: what the controller did or tried. Default Reconcile. */
  action?: string;
  related?: KubeObject;
}

export interface RecorderOptions {
  client: Pick<KubeClient, 'create' | 'patch'>;
  /** Who speaks, as `rig.dashecorp.com/conductor`. */
  controller: string;
  /** Default hostname. */
  instance?: string;
  clock?: Clock;
  logger?: Logger;
}

interface KubeEvent extends KubeObject {
  series?: { count: number; lastObservedTime: string };
  [field: string]: unknown;
}

/** One story that is told again and again. */
interface Series {
  event: KubeEvent;
  count: number;
  /** Occurrences the server knows of. */
  written: number;
  lastAt: number;
  lastDate: Date;
  cancelFlush?: () => void;
  work: Promise<void>;
}

/** Repetitions within this time belong to one series. */
const SERIES_MS = 360_000;
/** A series is written at most so often. */
const FLUSH_MS = 10_000;
const MAX_SERIES = 2000;
/** The API server counts bytes. */
const NOTE_LIMIT = 1024;
/** Distinct events about one object: a burst, then one in 30 s. */
const PER_OBJECT = { burst: 20, everyMs: 30_000 };
/** What is told at once; more waits, so that telling never takes the API server from working. */
const TOTAL = { burst: 20, everyMs: 50 };
const MAX_WAITING = 2000;

/**
 * Writes Kubernetes Events (events.k8s.io/v1) beside the work: record returns at once and never throws. The same event about
 * the same object becomes a series with a count; new ones are limited for each object, all are written at a steady pace behind a burst, and
 * what is above is counted in `dropped`. Events are hints for people: they may be late, or lost.
 */
export class EventRecorder {
  #dropped = 0;
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #total: TokenBucket;
  /** Series with something to write, in the order in which it came up. */
  readonly #waiting = new Set<Series>();
  #cancelTurn: (() => void) | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    this.#total = new TokenBucket(TOTAL, this.#clock.now());
  }

  /** Events that were not written because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  record(regarding: KubeObject, input: EventInput): void {
    try {
      this.#record(regarding, input);
    } catch (err) {
      this.#logger.warn({ err, reason: input.reason }, 'event not recorded');
    }
  }

  /** Writes what is still pending; for a graceful stop and tests. Never rejects. */
  async flush(): Promise<void> {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    const all = new Set([...this.#waiting, ...this.#series.values()]);
    this.#waiting.clear();
    for (const series of all) this.#start(series);
    await Promise.all([...all].map((series) => series.work));
  }

  #record(regarding: KubeObject, input: EventInput): void {
    const now = this.#clock.now();
    const object = regarding.metadata.uid ?? keyOf(regarding);
    const key = JSON.stringify([
      object,
      input.type,
      input.reason,
      input.action,
      input.message,
      input.related?.metadata.uid,
    ]);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastAt < SERIES_MS) {
      this.#repeat(known, now);
      return;
    }
    if (this.#waiting.size >= MAX_WAITING || !this.#bucket(object, now).take(now)) {
      this.#dropped++;
      return;
    }
    const date = this.#clock.date();
    const event = this.#event(regarding, input, date);
    const series: Series = { event, count: 1, written: 0, lastAt: now, lastDate: date, work: Promise.resolve() };
    this.#series.set(key, series);
    this.#prune(now);
    this.#write(series);
  }

  #repeat(series: Series, now: number): void {
    series.count++;
    series.lastAt = now;
    series.lastDate = this.#clock.date();
    series.cancelFlush ??= this.#clock.setTimeout(() => this.#write(series), FLUSH_MS);
  }

  /** Brings the server's event up to the count, when its turn comes. */
  #write(series: Series): void {
    this.#waiting.add(series);
    if (this.#cancelTurn === undefined) this.#takeTurns();
  }

  #takeTurns(): void {
    this.#cancelTurn = undefined;
    for (const series of this.#waiting) {
      if (!this.#total.take(this.#clock.now())) {
        this.#cancelTurn = this.#clock.setTimeout(() => this.#takeTurns(), TOTAL.everyMs);
        return;
      }
      this.#waiting.delete(series);
      this.#start(series);
    }
  }

  /** Sends what there is to tell, after what is under way for the same story. */
  #start(series: Series): void {
    series.cancelFlush?.();
    series.cancelFlush = undefined;
    series.work = series.work.then(() => this.#send(series));
  }

  async #send(series: Series): Promise<void> {
    const { count, lastDate, event } = series;
    if (series.written === count) return;
    const { client } = this.#options;
    const resource = EVENTS as Resource<KubeEvent>;
    const state = count > 1 ? { series: { count, lastObservedTime: formatMicroTime(lastDate) } } : {};
    const limits = { retries: 2, timeoutMs: 10_000 };
    try {
      const { name = '', namespace } = event.metadata;
      if (series.written === 0) await client.create(resource, { ...event, ...state }, limits);
      else await client.patch(resource, { name, namespace }, state, limits);
      series.written = count;
    } catch (err) {
      // Events live for an hour: one that has expired starts again as a new one.
      if (isKubeError(err, 'NotFound') && series.written > 0) series.written = 0;
      else this.#logger.debug({ err, reason: event.reason }, 'event not written');
    }
  }

  #event(regarding: KubeObject, input: EventInput, date: Date): KubeEvent {
    const namespace = regarding.metadata.namespace ?? 'default';
    const name = `${(regarding.metadata.name ?? 'object').slice(0, 200)}.${randomBytes(8).toString('hex')}`;
    return {
      metadata: { name, namespace },
      eventTime: formatMicroTime(date),
      type: input.type,
      reason: input.reason,
      action: input.action ?? 'Reconcile',
      note: cutBytes(legible(input.message), NOTE_LIMIT),
      regarding: referenceTo(regarding),
      ...(input.related === undefined ? {} : { related: referenceTo(input.related) }),
      reportingController: this.#options.controller,
      reportingInstance: (this.#options.instance ?? hostname()).slice(0, 128),
    };
  }

  #bucket(object: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(object);
    if (bucket === undefined) {
      bucket = new TokenBucket(PER_OBJECT, now);
      this.#buckets.set(object, bucket);
    }
    return bucket;
  }

  #prune(now: number): void {
    if (this.#series.size <= MAX_SERIES) return;
    for (const [key, series] of this.#series) {
      if (this.#series.size <= MAX_SERIES / 2) break;
      this.#write(series);
      this.#series.delete(key);
    }
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
  }
}

function referenceTo(object: KubeObject): Record<string, string | undefined> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion };
}
