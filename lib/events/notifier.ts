import { type Clock, systemClock } from './clock.ts';
import type { Queryable } from './database.ts';

const GAP_MS = 20;

/**
 * Tells other processes that there is something to look at: one NOTIFY without payload per `GAP_MS` (20 ms), however often it is poked,
 * and never inside a transaction of anybody's: a NOTIFY serialises commits. Losing one is harmless, listeners poll as well.
 */
export class Notifier {
  readonly #db: Queryable;
  readonly #statement: string;
  readonly #clock: Clock;
  #running: Promise<void> | undefined;
  #again = false;

  /** `channel` is a constant of the program, a plain SQL name. */
  constructor(db: Queryable, channel: string, clock: Clock = systemClock) {
    this.#db = db;
    this.#statement = `NOTIFY ${channel}`;
    this.#clock = clock;
  }

  /** Something was committed. Returns at once; never fails. */
  poke(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when every poke so far has been passed on. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#db.query(this.#statement).catch(() => undefined);
      await this.#clock.sleep(GAP_MS);
    }
    this.#running = undefined;
  }
}
