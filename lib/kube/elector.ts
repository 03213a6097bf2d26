import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Logger, silentLogger } from '#lib/observe';
import { type Clock, realClock, sleep } from './clock.ts';
import { isKubeError } from './errors.ts';
import { Informer } from './informer.ts';
import { acquired, LEASE, type Lease, type LeaseClient, released, renewed } from './lease.ts';
import { LeaseObservation } from './observation.ts';

/** Why leadership ended without our doing. */
export type LossReason = 'RenewDeadline' | 'TakenOver' | 'LeaseDeleted';

export interface ElectorOptions {
  client: LeaseClient;
  namespace: string;
  /** Name of the Lease. */
  name: string;
  /** Unique for each process. Default hostname and a random id. */
  identity?: string;
  /** Others may take over when the Lease was not renewed for so long. Default 6 s. */
  durationMs?: number;
  /** The holder gives up when it could not renew for so long; must be shorter. Default 4 s. */
  renewDeadlineMs?: number;
  /** Time between renewals. Default 1 s. */
  retryMs?: number;
  /** An epoch that was surely used before, kept elsewhere: a Lease that was deleted does not start again below it. */
  epochFloor?: () => Promise<number>;
  onStarted?(epoch: number): void;
  onLost?(reason: LossReason, epoch: number): void;
  clock?: Clock;
  random?: () => number;
  logger?: Logger;
}

interface Held {
  lease: Lease;
  epoch: number;
  /** When the last successful renewal was sent: the Lease is ours at least until that plus its duration. */
  since: number;
}

/**
 * Leader election over a Lease. At most one elector leads, judged only by each process's monotonic clock: a holder stops
 * believing in itself (`epoch()` is undefined) renewDeadlineMs after its last renewal was sent, others wait durationMs after
 * they saw the Lease change. The epoch (leaseTransitions) grows with every acquisition, also by the same process, so
 * that writes of a frozen leader can be told from those of its successor. Followers watch the Lease and take a released one
 * at once.
 */
export class LeaderElector {
  readonly identity: string;
  readonly #options: ElectorOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #informer: Informer<Lease>;
  #held: Held | undefined;
  readonly #observed: LeaseObservation;
  #wake = Promise.withResolvers<void>();
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.identity = options.identity ?? `${hostname()}_${randomUUID()}`;
    this.#clock = options.clock ?? realClock;
    this.#observed = new LeaseObservation(this.#clock);
    this.#logger = (options.logger ?? silentLogger).child({ lease: options.name, identity: this.identity });
    this.#informer = new Informer(options.client, LEASE, {
      namespace: options.namespace,
      fieldSelector: `metadata.name=${options.name}`,
      resyncMs: 0,
      clock: this.#clock,
      random: options.random,
      logger: this.#logger,
    });
    this.#informer.subscribe({
      add: (lease) => this.#observe(lease),
      update: (lease) => this.#observe(lease),
      delete: () => this.#observe(undefined),
    });
  }

  /** The epoch we lead in, or undefined when we do not lead or could not prove it lately. Ask right before an effect. */
  epoch(): number | undefined {
    const held = this.#held;
    return held !== undefined && this.#clock.now() - held.since < this.#renewDeadlineMs ? held.epoch : undefined;
  }

  /** `unknown` until the Lease has been seen. */
  role(): 'unknown' | 'leader' | 'follower' {
    if (this.epoch() !== undefined) return 'leader';
    return this.#observed.lease === undefined ? 'unknown' : 'follower';
  }

  /** Who holds the Lease as far as we saw. */
  holder(): string | undefined {
    return this.#observed.lease?.spec?.holderIdentity;
  }

  /** Campaigns until stop, again and again. */
  start(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    const watching = this.#informer.run(stop.signal);
    this.#loop = Promise.all([watching, this.#campaign(stop.signal)]).then(() => undefined);
  }

  /** Ends the campaign and releases the Lease if we hold it, so that a follower takes over at once. Never rejects. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#notify();
    await this.#loop;
    await this.#release();
  }

  async #campaign(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const held = await this.#acquire(signal);
      if (held === undefined) return;
      this.#logger.info({ epoch: held.epoch }, 'started leading');
      this.#tell(() => this.#options.onStarted?.(held.epoch));
      const reason = await this.#hold(held, signal);
      if (reason === undefined) return;
      this.#held = undefined;
      this.#logger.warn({ epoch: held.epoch, reason }, 'stopped leading');
      this.#tell(() => this.#options.onLost?.(reason, held.epoch));
    }
  }

  async #acquire(signal: AbortSignal): Promise<Held | undefined> {
    while (!signal.aborted) {
      const wait = await this.#tryAcquire();
      if (typeof wait === 'object') return signal.aborted ? undefined : wait;
      await this.#pause(wait, signal);
    }
    return undefined;
  }

  /** What we hold now, or the ms until trying makes sense again. */
  async #tryAcquire(): Promise<Held | number> {
    try {
      const remaining = this.#remaining();
      if (this.#observed.known && remaining > 0) return remaining;
      this.#observe(await this.#read());
      const fresh = this.#remaining();
      return fresh > 0 ? fresh : await this.#take();
    } catch (err) {
      const expected = isKubeError(err, 'Conflict', 'AlreadyExists');
      this.#logger[expected ? 'debug' : 'warn']({ err }, 'lease not acquired');
      return this.#retryMs * (0.5 + 0.5 * (this.#options.random ?? Math.random)());
    }
  }

  async #take(): Promise<Held> {
    const { client, namespace, name } = this.#options;
    const lease = this.#observed.lease;
    const floor = lease === undefined ? ((await this.#options.epochFloor?.()) ?? 0) : 0;
    const epoch = 1 + Math.max(lease?.spec?.leaseTransitions ?? 0, this.#observed.highestEpoch, floor);
    const since = this.#clock.now();
    const body = acquired(lease, { namespace, name }, this.identity, epoch, this.#durationMs, this.#clock.date());
    const stored =
      lease === undefined
        ? await client.create(LEASE, body, this.#callLimits())
        : await client.replace(LEASE, body, this.#callLimits());
    this.#held = { lease: stored, epoch, since };
    this.#observe(stored);
    return this.#held;
  }

  /** Renews until leadership is lost, and says why; undefined when `signal` ended it. */
  async #hold(held: Held, signal: AbortSignal): Promise<LossReason | undefined> {
    while (!signal.aborted) {
      await this.#pause(this.#retryMs, signal);
      if (signal.aborted) return undefined;
      if (this.#clock.now() - held.since >= this.#renewDeadlineMs) return 'RenewDeadline';
      const lost = await this.#renew(held);
      if (lost !== undefined) return lost;
    }
    return undefined;
  }

  async #renew(held: Held): Promise<LossReason | undefined> {
    const since = this.#clock.now();
    try {
      held.lease = await this.#options.client.replace(
        LEASE,
        renewed(held.lease, this.#clock.date()),
        this.#callLimits(),
      );
      held.since = since;
      return undefined;
    } catch (err) {
      if (isKubeError(err, 'NotFound')) return 'LeaseDeleted';
      if (!isKubeError(err, 'Conflict')) {
        this.#logger.warn({ err }, 'lease not renewed');
        return undefined;
      }
    }
    return this.#reread(held);
  }

  /** The Lease moved under us: someone else took it, or merely touched it, or our own renewal had arrived after all. */
  async #reread(held: Held): Promise<LossReason | undefined> {
    try {
      const lease = await this.#read();
      if (lease === undefined) return 'LeaseDeleted';
      if (!this.#isOurs(lease)) return 'TakenOver';
      held.lease = lease;
    } catch (err) {
      this.#logger.warn({ err }, 'lease not read');
    }
    return undefined;
  }

  async #release(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    if (this.#clock.now() - held.since < this.#durationMs) await this.#letGo(held);
    this.#held = undefined;
  }

  async #letGo(held: Held): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await this.#options.client.replace(LEASE, released(held.lease, this.#clock.date()), this.#callLimits());
        this.#logger.info({ epoch: held.epoch }, 'released the lease');
        return;
      } catch (err) {
        this.#logger.warn({ err, attempt }, 'lease not released');
        if ((await this.#reread(held)) !== undefined) return;
      }
    }
  }

  #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    return client.find(LEASE, { namespace, name }, this.#callLimits());
  }

  #observe(lease: Lease | undefined): void {
    if (this.#observed.note(lease) && !this.#isOurs(lease)) this.#notify();
  }

  /** Whether `lease` is what we hold: our own renewals, as the watch returns them, are no news. */
  #isOurs(lease: Lease | undefined): boolean {
    const spec = lease?.spec;
    return (
      this.#held !== undefined && spec?.holderIdentity === this.identity && spec.leaseTransitions === this.#held.epoch
    );
  }

  #tell(callback: () => void): void {
    try {
      callback();
    } catch (err) {
      this.#logger.error({ err }, 'election callback threw');
    }
  }

  #remaining(): number {
    return this.#observed.remaining(this.identity, this.#durationMs);
  }

  /** Waits `ms`, or until something about the Lease changes. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const over = new AbortController();
    await Promise.race([sleep(this.#clock, ms, over.signal), this.#wake.promise]);
    over.abort();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  #callLimits(): { retries: number; timeoutMs: number } {
    return { retries: 0, timeoutMs: Math.max(500, Math.floor(this.#renewDeadlineMs * 0.4)) };
  }

  get #durationMs(): number {
    return this.#options.durationMs ?? 6000;
  }

  get #renewDeadlineMs(): number {
    return this.#options.renewDeadlineMs ?? 4000;
  }

  get #retryMs(): number {
    return this.#options.retryMs ?? 1000;
  }
}
