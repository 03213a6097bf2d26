import type { Pool } from '#lib/db';
import type { Logger } from '#lib/observe';
import type { Waiting } from './waiting.ts';

const LOOK_MS = 1_000;

/**
 * Wakes clients for work that nobody of this process told of: what another replica queued or dispatched, and a word that was lost. One question
 * to the database a second for the whole process, and none while nobody waits.
 */
export class Offers {
  readonly #pool: Pool;
  readonly #waiting: Waiting;
  readonly #logger: Logger;
  #looking: Promise<void> = Promise.resolve();

  constructor(pool: Pool, waiting: Waiting, logger: Logger) {
    this.#pool = pool;
    this.#waiting = waiting;
    this.#logger = logger;
  }

  /** Looks once a second until the signal aborts. */
  start(signal: AbortSignal): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy || this.#waiting.agents().length === 0) return;
      busy = true;
      this.#looking = this.look()
        .catch((err: unknown) => this.#logger.warn({ err }, 'work for clients that wait could not be looked for'))
        .finally(() => {
          busy = false;
        });
    }, LOOK_MS);
    timer.unref();
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** One look: a client of each Agent for which there is work is woken. */
  async look(): Promise<void> {
    const { rows } = await this.#pool.query(
      `SELECT uid FROM unnest($1::text[]) uid
       WHERE EXISTS (SELECT FROM tasks WHERE agent_uid = uid AND ended_at IS NULL AND started_at IS NULL)
          OR EXISTS (SELECT FROM queue WHERE uid = ANY (candidates))`,
      [this.#waiting.agents()],
    );
    this.#waiting.wake(rows.map(({ uid }) => uid));
  }

  /** Resolves when it asks the database nothing any more. */
  async idle(): Promise<void> {
    await this.#looking;
  }
}
