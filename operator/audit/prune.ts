import type { Pool } from '#lib/db';
import { pruneDeliveries } from '#lib/events';
import type { Logger } from '#lib/observe';
import { pruneAnswers } from '../intake/answers.ts';

const ROUND_MS = 3_600_000;
/** Between two batches of one round: what is on its way to be applied goes first. */
const PAUSE_MS = 1_000;
const BATCH = 500;
const ANSWERS_A_ROUND = 5_000;

export interface PrunerOptions {
  readonly pool: Pool;
  /** How long a settled delivery, and an answer that was given, is kept, in ms. */
  readonly keepMs: number;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Deletes what nobody asks for any more: deliveries that were settled long ago, and answers to comments. A delivery that failed, or waits, stays.
 * Runs on the leader.
 */
export class Pruner {
  readonly #options: PrunerOptions;
  #running: Promise<void> | undefined;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Begins a round now and every hour until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    const go = (after: number) => {
      this.#running = this.batch(after)
        .catch((err: unknown) => {
          this.#options.logger.warn({ err }, 'old deliveries and answers could not be deleted');
          return null;
        })
        .then((next) => {
          if (!signal.aborted) timer = setTimeout(go, next === null ? ROUND_MS : PAUSE_MS, next ?? 0);
        });
    };
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    go(0);
  }

  /** Resolves when what is being deleted now is done: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** One batch behind a place in the order of arrival: where the next one begins, or null at the end of a round. */
  async batch(after: number): Promise<number | null> {
    const { pool, keepMs, now, logger } = this.#options;
    const before = new Date(now() - keepMs);
    const { deleted, next } = await pruneDeliveries(pool, { before, after, limit: BATCH });
    if (deleted > 0) logger.info({ deleted }, 'old deliveries were deleted');
    if (next !== null) return next;
    const answers = await pruneAnswers(pool, { before, limit: ANSWERS_A_ROUND });
    if (answers > 0) logger.info({ deleted: answers }, 'old answers to comments were deleted');
    return null;
  }
}
