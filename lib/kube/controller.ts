import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { inScope, type Logger, type Metrics, noMetrics, silentLogger } from '#lib/observe';
import type { BackoffOptions } from './backoff.ts';
import { type Clock, realClock, sleep } from './clock.ts';
import type { Informer } from './informer.ts';
import { type Outcome, outcomeOfError, outcomeOfResult } from './outcome.ts';
import { WorkQueue } from './queue.ts';
import { keyOf } from './resource.ts';
import type { KubeObject } from './types.ts';

export interface ReconcileContext {
  /** Aborted when the reconcile takes too long, leadership is lost, or a graceful stop ran out of patience. */
  signal: AbortSignal;
  /** Carries controller, key and reconcileId. */
  logger: Logger;
  reconcileId: string;
}

/** Nothing, or when to look again although nothing changed. */
export type ReconcileResult = { requeueAfterMs?: number } | undefined;

// biome-ignore lint/suspicious/noConfusingVoidType: an async function that returns nothing is the common case.
export type Reconcile = (key: string, context: ReconcileContext) => Promise<ReconcileResult | void>;

export interface ControllerOptions {
  name: string;
  /** Brings the world to what the object `key` wants, from caches, whatever changed. Must be safe to repeat. See outcome.ts for what its errors mean. */
  reconcile: Reconcile;
  /** Keys worked on at a time. Default 4. */
  workers?: number;
  /** Longest reconcile in ms; then its signal aborts and the key is retried. Default 2 min. */
  timeoutMs?: number;
  backoff?: BackoffOptions;
  /** Sees every outcome, for conditions, events and metrics. A throw is logged. */
  onOutcome?(key: string, outcome: Outcome, context: ReconcileContext): Promise<void> | void;
  clock?: Clock;
  logger?: Logger;
  /** Default none; a Manager brings its own. */
  metrics?: Metrics;
  newId?: () => string;
}

/** A change as a controller sees it; `old` is set for updates. */
export interface Change<T extends KubeObject> {
  type: 'add' | 'update' | 'delete';
  object: T;
  old?: T;
}

interface Source {
  informer: Pick<Informer<KubeObject>, 'waitForSync' | 'hasSynced' | 'run'>;
  subscribe(enqueue: (key: string) => void): () => void;
}

const WORKERS = 4;
const TIMEOUT_MS = 120_000;
const GRACE_MS = 10_000;
/** After the grace a reconcile that ignores its signal is left behind. */
const ABANDON_AFTER_MS = 5000;
const YIELD_EVERY_MS = 15;

/**
 * Turns changes in caches into calls of reconcile: one key never runs twice at a time, many changes of one object become few
 * runs, a failing key backs off alone. It can be stopped and started again, as leadership comes and goes.
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #metrics: Metrics;
  readonly #sources: Source[] = [];
  readonly #running = new Map<string, AbortController>();
  #queue: WorkQueue | undefined;
  #unsubscribe: Array<() => void> = [];
  #stopping: AbortController | undefined;
  #lastYield = 0;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = (options.logger ?? silentLogger).child({ controller: options.name });
    this.#metrics = options.metrics ?? noMetrics;
  }

  /**
   * Reconciles what `keys` says for each change in `informer`: by default the object itself. For an update the keys of both
   * states count. `when` leaves changes out. Call before start.
   */
  watch<T extends KubeObject>(
    informer: Informer<T>,
    keys: (object: T) => string[] = (object) => [keyOf(object)],
    when: (change: Change<T>) => boolean = () => true,
  ): this {
    const tell = (enqueue: (key: string) => void, change: Change<T>) => {
      if (!when(change)) return;
      const found = new Set([...keys(change.object), ...(change.old === undefined ? [] : keys(change.old))]);
      for (const key of found) enqueue(key);
    };
    this.#sources.push({
      informer,
      subscribe: (enqueue) =>
        informer.subscribe({
          add: (object) => tell(enqueue, { type: 'add', object }),
          update: (object, old) => tell(enqueue, { type: 'update', object, old }),
          delete: (object) => tell(enqueue, { type: 'delete', object }),
        }),
    });
    return this;
  }

  /** Where it counts unless its options named something else; a Manager calls it. */
  measure(metrics: Metrics): void {
    this.#metrics = this.#options.metrics ?? metrics;
  }

  /** The informers it watches. */
  informers(): Source['informer'][] {
    return this.#sources.map((source) => source.informer);
  }

  /** Whether workers run. */
  get running(): boolean {
    return this.#queue !== undefined;
  }

  /** Keys ready, delayed and being worked on. */
  depth(): { ready: number; delayed: number; processing: number } {
    const queue = this.#queue;
    return { ready: queue?.length ?? 0, delayed: queue?.delayed ?? 0, processing: queue?.processing ?? 0 };
  }

  /** Reconciles `key` soon, or after `afterMs`; ignored while stopped, since a start looks at everything. */
  enqueue(key: string, afterMs = 0): void {
    this.#queue?.addAfter(key, afterMs);
  }

  /** Waits until the caches are filled, then reconciles everything in them and every change. Resolves once workers run, or it was stopped first. */
  async start(): Promise<void> {
    if (this.#stopping !== undefined) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    await Promise.all(
      this.#sources.map(({ informer }) => informer.waitForSync(stopping.signal).catch(() => undefined)),
    );
    if (stopping.signal.aborted) return;
    const queue = new WorkQueue({
      clock: this.#clock,
      backoff: this.#options.backoff,
      onHandedOut: (waitedMs) =>
        this.#metrics.observe('rig_queue_wait_seconds', { controller: this.name }, waitedMs / 1_000),
    });
    this.#queue = queue;
    this.#unsubscribe = this.#sources.map((source) => source.subscribe((key) => queue.add(key)));
    for (let n = 0; n < (this.#options.workers ?? WORKERS); n++) void this.#work(queue);
  }

  /**
   * Takes no new keys, lets running reconciles end for `graceMs` (default 10 s), then aborts their signals and waits a
   * little more. Safe to call when stopped.
   */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = undefined;
    const queue = this.#queue;
    if (queue === undefined) return;
    this.#queue = undefined;
    for (const end of this.#unsubscribe.splice(0)) end();
    const graceMs = options.graceMs ?? GRACE_MS;
    const abort = () => {
      for (const controller of this.#running.values()) controller.abort(new Error('the controller stops'));
    };
    const drained = queue.drain();
    const over = new AbortController();
    const cancelAbort = graceMs > 0 ? this.#clock.setTimeout(abort, graceMs) : abort();
    const patience = sleep(this.#clock, graceMs + ABANDON_AFTER_MS, over.signal);
    await Promise.race([drained, patience]);
    cancelAbort?.();
    over.abort();
    if (queue.processing > 0)
      this.#logger.error({ keys: [...this.#running.keys()] }, 'reconciles ignored their signal');
  }

  async #work(queue: WorkQueue): Promise<void> {
    for (;;) {
      const key = await queue.get();
      if (key === undefined) return;
      try {
        await inScope(() => this.#reconcile(key, queue));
      } finally {
        queue.done(key);
      }
      await this.#yield();
    }
  }

  async #reconcile(key: string, queue: WorkQueue): Promise<void> {
    const reconcileId = (this.#options.newId ?? randomUUID)();
    const abort = new AbortController();
    const context = { signal: abort.signal, logger: this.#logger.child({ key, reconcileId }), reconcileId };
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
    const timeout = new Error(`the reconcile took longer than ${timeoutMs} ms`);
    const cancelTimeout = this.#clock.setTimeout(() => abort.abort(timeout), timeoutMs);
    // One that was abandoned at stop must not keep the process for the rest of its time.
    abort.signal.addEventListener('abort', cancelTimeout, { once: true });
    const startedAt = this.#clock.now();
    this.#running.set(key, abort);
    let outcome: Outcome;
    let err: unknown;
    try {
      outcome = outcomeOfResult((await this.#options.reconcile(key, context)) as ReconcileResult);
    } catch (error) {
      err = error;
      const stopped = abort.signal.aborted && abort.signal.reason !== timeout;
      outcome = outcomeOfError(abort.signal.reason === timeout ? timeout : error, stopped);
    }
    cancelTimeout();
    this.#running.delete(key);
    const retryInMs = this.#requeue(key, queue, outcome);
    const tookMs = Math.round(this.#clock.now() - startedAt);
    this.#count(outcome, tookMs);
    context.logger[outcome.level]({ outcome: outcome.kind, tookMs, retryInMs, err }, outcome.message);
    await this.#tellOutcome(key, outcome, context);
  }

  #count({ kind, requeue }: Outcome, tookMs: number): void {
    const controller = this.name;
    this.#metrics.count('rig_reconciles_total', { controller, outcome: kind });
    this.#metrics.observe('rig_reconcile_seconds', { controller }, tookMs / 1_000);
    if (requeue === 'backoff') this.#metrics.count('rig_queue_retries_total', { controller });
  }

  #requeue(key: string, queue: WorkQueue, outcome: Outcome): number | undefined {
    if (outcome.requeue === 'backoff') return queue.addRateLimited(key);
    queue.forget(key);
    if (outcome.requeue === 'never') return undefined;
    queue.addAfter(key, outcome.requeue.afterMs);
    return outcome.requeue.afterMs;
  }

  async #tellOutcome(key: string, outcome: Outcome, context: ReconcileContext): Promise<void> {
    try {
      await this.#options.onOutcome?.(key, outcome, context);
    } catch (err) {
      context.logger.error({ err, outcome: outcome.kind }, 'outcome handler threw');
    }
  }

  /** Reconciles that never leave the microtask queue would keep lease renewals and probes waiting. */
  async #yield(): Promise<void> {
    if (this.#clock.now() - this.#lastYield < YIELD_EVERY_MS) return;
    await setImmediate();
    this.#lastYield = this.#clock.now();
  }
}
