import {
  finishDelivery,
  ignoreDeliveries,
  postponeDelivery,
  returnDeliveries,
  type TakenDelivery,
  takeDeliveries,
} from '#lib/events';
import { ForgeError, type ParsedDelivery } from '#lib/forge';
import { inScope, type Metrics, noMetrics } from '#lib/observe';
import { Looking } from '../store/looking.ts';
import { Away, ForgeAway } from './away.ts';
import { type Applied, type Followers, follow, laneOf } from './follow.ts';
import { Lanes } from './lanes.ts';
import { passes } from './passes.ts';
import { IntakeError } from './payload.ts';
import type { Payloads } from './payloads.ts';
import { LARGE_BODY } from './signers.ts';

const BATCH = 50;
/** Of all that are held at once: more are taken as soon as a batch has room. */
const MOST_HELD = 2 * BATCH;
/** Of all bodies in memory at once. */
const BATCH_BYTES = 32 * 1024 * 1024;
const POLL_MS = 1_000;
const RETRY_MS = 2_000;
const MAX_ATTEMPTS = 10;
/** What waits behind one delivery for longer than that is given back, and handed out again as long after. */
const SLOW_MS = 1_000;

export interface ApplierOptions extends Followers {
  readonly payloads: Payloads;
  /** First pause before a delivery that could not be applied is tried again, in ms; it doubles up to 64 times as long. Default 2,000. */
  readonly retryMs?: number;
  /** Default none. */
  readonly metrics?: Metrics;
}

interface Held {
  readonly delivery: TakenDelivery;
  readonly parse: () => Promise<ParsedDelivery>;
  /** What it waits behind. */
  readonly lane: string;
}

/** Nothing follows from it. */
interface Ignored {
  readonly delivery: TakenDelivery;
  readonly id: string;
  /** Why, in one sentence. */
  readonly detail: string;
}

/**
 * Applies stored deliveries, at least once, on the leader; writes back what became of each. Those of one repository are applied one after the
 * other, beside those of all others: a forge that does not answer holds up its own.
 */
export class DeliveryApplier {
  readonly #options: ApplierOptions;
  readonly #lanes: Lanes<Held>;
  readonly #away: Away;
  readonly #looking: Looking;
  #bytes = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#away = new Away(options.retryMs ?? RETRY_MS, Date.now);
    this.#lanes = new Lanes({
      work: (held) => this.#work(held),
      giveBack: (held) => this.#giveBack(held, SLOW_MS),
      slowMs: SLOW_MS,
    });
    this.#looking = new Looking({
      everyMs: POLL_MS,
      look: () => this.#takeSome(),
      failed: 'deliveries could not be taken',
      logger: options.logger,
    });
  }

  /** Applies what is stored and looks again from time to time, until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#looking.start(signal);
    this.#looking.kick();
  }

  /** Looks for deliveries now. Without effect while this replica does not lead. */
  kick(): void {
    this.#looking.kick();
  }

  /** Resolves when what is being applied now is done: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#looking.idle();
    await this.#lanes.idle();
  }

  /** True where it took any: more may wait. */
  async #takeSome(): Promise<boolean> {
    while (this.#lanes.held > MOST_HELD - BATCH || this.#bytes >= BATCH_BYTES) await this.#lanes.oneLeft();
    const room = { limit: BATCH, maxBytes: BATCH_BYTES - this.#bytes };
    const deliveries = await takeDeliveries(this.#options.conductor.log.pool, room);
    const ignored: Ignored[] = [];
    for (const delivery of deliveries) {
      const detail = await this.#hold(delivery);
      if (detail !== null) ignored.push({ delivery, id: delivery.id, detail });
    }
    await this.#ignore(ignored);
    return deliveries.length > 0;
  }

  /**
   * Puts one into its lane, or answers why nothing follows from it. A large body is read in its turn, and its delivery waits behind other
   * large ones alone.
   */
  async #hold(delivery: TakenDelivery): Promise<string | null> {
    const parse = () => this.#options.payloads.delivery(delivery.event, delivery.body);
    if (delivery.body.byteLength >= LARGE_BODY) return this.#put({ delivery, parse, lane: 'large' });
    const parsed = await parse().catch((error: Error) => error);
    if (!(parsed instanceof Error) && parsed.ignored !== null) return parsed.ignored;
    const lane = parsed instanceof Error ? 'unreadable' : laneOf(delivery, parsed);
    const read = async () => {
      if (parsed instanceof Error) throw parsed;
      return parsed;
    };
    return this.#put({ delivery, parse: read, lane });
  }

  #put(held: Held): null {
    this.#bytes += held.delivery.body.byteLength;
    this.#lanes.put(held.lane, held);
    return null;
  }

  /** All of a batch at once: most of what a busy forge tells is of no concern here, and what is waits behind it. */
  async #ignore(ignored: readonly Ignored[]): Promise<void> {
    if (ignored.length === 0) return;
    await ignoreDeliveries(this.#options.conductor.log.pool, ignored);
    for (const { delivery } of ignored) this.#count(delivery, 'ignored');
  }

  async #work(held: Held): Promise<void> {
    const { delivery } = held;
    // The next leader takes it.
    if (!this.#looking.active) return this.#giveBack([held], 0);
    await inScope(() => this.#applyOne(held)).catch((err: unknown) =>
      this.#options.logger.error({ err, delivery: delivery.id }, 'what became of a delivery could not be written'),
    );
    this.#bytes -= delivery.body.byteLength;
  }

  async #giveBack(held: readonly Held[], afterMs: number): Promise<void> {
    const { conductor, logger } = this.#options;
    const ids = held.map(({ delivery }) => delivery.id);
    // One that is not given back is handed out again when its lease has ended.
    await returnDeliveries(conductor.log.pool, ids, afterMs).catch((err: unknown) =>
      logger.warn({ err }, 'deliveries could not be given back'),
    );
    for (const { delivery } of held) this.#bytes -= delivery.body.byteLength;
  }

  async #applyOne(held: Held): Promise<void> {
    const { delivery } = held;
    try {
      const { outcome, detail } = await this.#apply(held);
      await finishDelivery(this.#options.conductor.log.pool, delivery.id, outcome, detail);
      this.#count(delivery, outcome);
    } catch (err) {
      await this.#failed(delivery, err);
    }
  }

  async #apply({ delivery, parse, lane }: Held): Promise<Applied> {
    let asked = false;
    const mayAsk = () => {
      this.#away.check(lane);
      asked = true;
    };
    try {
      const applied = await follow(this.#options, delivery, await parse(), mayAsk);
      if (asked) this.#away.heard(lane, null);
      return applied;
    } catch (error) {
      if (asked) this.#away.heard(lane, error);
      throw error;
    }
  }

  async #failed(delivery: TakenDelivery, err: unknown): Promise<void> {
    const { conductor, logger } = this.#options;
    const { pool } = conductor.log;
    if (err instanceof ForgeAway) return returnDeliveries(pool, [delivery.id], Math.max(1, err.until - Date.now()));
    logger.warn(
      { err, delivery: delivery.id, event: delivery.event, attempts: delivery.attempts },
      'delivery could not be applied',
    );
    const detail = (err as Error).message;
    const failed = lasts(err) || (delivery.attempts >= MAX_ATTEMPTS && !passes(err));
    if (failed) await finishDelivery(pool, delivery.id, 'failed', detail);
    else await postponeDelivery(pool, delivery.id, this.#pause(delivery, err), detail);
    this.#count(delivery, failed ? 'failed' : 'postponed');
  }

  #count({ event, receivedAt }: TakenDelivery, outcome: string): void {
    const { conductor, metrics = noMetrics } = this.#options;
    metrics.count('rig_deliveries_total', { event, outcome });
    if (outcome === 'postponed') return;
    metrics.observe('rig_delivery_seconds', {}, Math.max(0, conductor.now() - receivedAt.getTime()) / 1_000);
  }

  #pause({ attempts }: TakenDelivery, error: unknown): number {
    const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, (this.#options.retryMs ?? RETRY_MS) * 2 ** Math.min(attempts - 1, 6));
  }
}

/** A body that misses what identifies its subject will miss it the next time, too. */
function lasts(error: unknown): boolean {
  return (
    (error instanceof ForgeError && error.code === 'Malformed') ||
    (error instanceof IntakeError && error.code !== 'Busy')
  );
}
