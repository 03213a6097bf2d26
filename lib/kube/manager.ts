import { type Logger, type Metrics, noMetrics, silentLogger } from '#lib/observe';
import { Backoff } from './backoff.ts';
import { type Clock, realClock, sleep } from './clock.ts';
import type { Controller } from './controller.ts';
import { type ElectorOptions, LeaderElector } from './elector.ts';
import { Informer, type InformerOptions } from './informer.ts';
import type { LeaseClient } from './lease.ts';
import type { KubeObject, Resource } from './types.ts';

export interface ManagerOptions {
  client: LeaseClient;
  /** Without it this process always leads, in epoch 0. */
  election?: Omit<ElectorOptions, 'client' | 'clock' | 'logger' | 'onStarted' | 'onLost'>;
  clock?: Clock;
  logger?: Logger;
  /** Where it, its controllers and its informers count. Default none. */
  metrics?: Metrics;
  random?: () => number;
}

/** Called with the caches filled, before the first reconcile of this epoch; `signal` aborts when the epoch ends. Repeated while it throws. */
export type StartedLeading = (epoch: number, signal: AbortSignal) => Promise<void> | void;
export type StoppedLeading = (epoch: number) => Promise<void> | void;

/** What readiness probes answer. */
export interface Readiness {
  ok: boolean;
  /** One sentence for each thing that is missing. */
  waitingFor: string[];
}

interface Term {
  epoch: number;
  /** Aborts as soon as the term is to end: nothing of it may begin any more. */
  over: AbortController;
  /** Aborts when what runs must stop: at once when leadership was lost, after the drain in a graceful stop. */
  effects: AbortController;
}

/**
 * Runs the parts of an operator: informers on every replica, controllers only while this replica leads. Losing
 * leadership aborts what runs and goes on as a follower; stopping drains first and then hands the Lease over.
 */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #controllers: Controller[] = [];
  readonly #started: StartedLeading[] = [];
  readonly #stopped: StoppedLeading[] = [];
  readonly #elector: LeaderElector | undefined;
  readonly #stop = new AbortController();
  readonly #runs: Promise<void>[] = [];
  #transition: Promise<void> = Promise.resolve();
  #term: Term | undefined;
  #leads = false;
  #state: 'new' | 'running' | 'stopping' = 'new';
  #grace: { graceMs?: number } = { graceMs: 0 };

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    this.#metrics = options.metrics ?? noMetrics;
    if (options.election !== undefined) {
      this.#elector = new LeaderElector({
        ...options.election,
        client: options.client,
        clock: this.#clock,
        logger: this.#logger,
        onStarted: (epoch) => this.#lead(epoch),
        onLost: () => this.#unlead(),
      });
    }
  }

  /** The informer for `resource` with these selectors: asked for twice, it is the same one. Run by the manager. */
  informer<T extends KubeObject>(resource: Resource<T>, options: InformerOptions = {}): Informer<T> {
    const { namespace, labelSelector, fieldSelector } = options;
    const key = [resource.group, resource.version, resource.plural, namespace, labelSelector, fieldSelector].join('|');
    const known = this.#informers.get(key);
    if (known !== undefined) return known as unknown as Informer<T>;
    const { random } = this.#options;
    const informer = new Informer(this.#options.client, resource, {
      random,
      clock: this.#clock,
      logger: this.#logger,
      metrics: this.#metrics,
      ...options,
    });
    this.#informers.set(key, informer as unknown as Informer<KubeObject>);
    if (this.#state === 'running') this.#runs.push(informer.run(this.#stop.signal));
    return informer;
  }

  /** Adds a controller; its informers must be the manager's. Call before start. */
  add(controller: Controller): this {
    controller.measure(this.#metrics);
    this.#controllers.push(controller);
    return this;
  }

  onStartedLeading(hook: StartedLeading): this {
    this.#started.push(hook);
    return this;
  }

  /** Runs after the controllers have stopped. */
  onStoppedLeading(hook: StoppedLeading): this {
    this.#stopped.push(hook);
    return this;
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    for (const informer of this.#informers.values()) this.#runs.push(informer.run(this.#stop.signal));
    if (this.#elector === undefined) this.#lead(0);
    else this.#elector.start();
  }

  /**
   * Takes no new work, lets reconciles end for `graceMs` (default 10 s), releases the Lease, ends the informers. Safe to
   * call twice.
   */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    this.#grace = options;
    if (this.#state === 'running') {
      this.#state = 'stopping';
      this.#unlead();
    }
    await this.#transition;
    await this.#elector?.stop();
    this.#stop.abort();
    await Promise.all(this.#runs);
  }

  /** The epoch to mark effects with: undefined unless this replica leads and proved it within the renew deadline. */
  epoch(): number | undefined {
    if (this.#elector === undefined) return this.#leads ? 0 : undefined;
    return this.#elector.epoch();
  }

  /** Who leads, as far as this replica saw. */
  leader(): string | undefined {
    return this.#elector?.holder();
  }

  /** Ready when every cache is filled and, if this replica leads, its controllers run. */
  ready(): Readiness {
    const waitingFor: string[] = [];
    if (this.#state !== 'running')
      waitingFor.push(this.#state === 'new' ? 'the manager has not started' : 'the manager is stopping');
    for (const informer of this.#informers.values()) {
      if (!informer.hasSynced())
        waitingFor.push(`the cache of ${informer.resource.kind} is not filled${lastError(informer)}`);
    }
    if (this.#elector?.role() === 'unknown') waitingFor.push('nobody is known to lead');
    if (this.#leads) {
      for (const { name, running } of this.#controllers)
        if (!running) waitingFor.push(`controller ${name} does not run`);
    } else if (this.#elector?.role() === 'leader') waitingFor.push('leadership has just begun');
    return { ok: waitingFor.length === 0, waitingFor };
  }

  /** Sets the gauges of leadership, queues and caches to what they are now: call it before each scrape. */
  measure(): void {
    const epoch = this.epoch();
    this.#metrics.set('rig_leader', {}, epoch === undefined ? 0 : 1);
    this.#metrics.set('rig_leader_epoch', {}, epoch ?? 0);
    for (const controller of this.#controllers) {
      for (const [state, keys] of Object.entries(controller.depth()))
        this.#metrics.set('rig_queue_keys', { controller: controller.name, state }, keys);
    }
    for (const { resource, size } of this.#informers.values())
      this.#metrics.set('rig_cached_objects', { kind: resource.kind }, size);
  }

  #lead(epoch: number): void {
    const term: Term = { epoch, over: new AbortController(), effects: new AbortController() };
    this.#term = term;
    this.#leads = true;
    this.#next(() => this.#begin(term));
  }

  #unlead(): void {
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    term.over.abort();
    const graceful = this.#state === 'stopping';
    if (!graceful) term.effects.abort(new Error(`epoch ${term.epoch} has ended`));
    this.#next(() => this.#end(term, graceful ? this.#grace : { graceMs: 0 }));
  }

  /** One change of role at a time, in order. */
  #next(step: () => Promise<void>): void {
    this.#transition = this.#transition.then(step).catch((err) => this.#logger.error({ err }, 'change of role failed'));
  }

  async #begin(term: Term): Promise<void> {
    const over = term.over.signal;
    const synced = [...this.#informers.values()].map((informer) => informer.waitForSync(over).catch(() => undefined));
    await Promise.all(synced);
    for (const hook of this.#started) await this.#insist(() => hook(term.epoch, term.effects.signal), over);
    if (!over.aborted) await Promise.all(this.#controllers.map((controller) => controller.start()));
  }

  async #end(term: Term, grace: { graceMs?: number }): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.stop(grace)));
    term.effects.abort(new Error(`epoch ${term.epoch} has ended`));
    for (const hook of this.#stopped) {
      try {
        await hook(term.epoch);
      } catch (err) {
        this.#logger.error({ err, epoch: term.epoch }, 'stopped-leading hook threw');
      }
    }
    this.#leads = this.#term !== undefined;
  }

  /** Repeats `hook` until it returns or `over` aborts. */
  async #insist(hook: () => Promise<void> | void, over: AbortSignal): Promise<void> {
    const backoff = new Backoff({ baseMs: 250, maxMs: 10_000, random: this.#options.random });
    while (!over.aborted) {
      try {
        return await hook();
      } catch (err) {
        this.#logger.error({ err }, 'started-leading hook threw');
        await sleep(this.#clock, backoff.next(), over);
      }
    }
  }
}

function lastError(informer: Informer<KubeObject>): string {
  const { lastError } = informer.state();
  return lastError === undefined ? '' : `: ${lastError.message}`;
}
