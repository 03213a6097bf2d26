import type { Logger } from '#lib/observe';

export interface LookingOptions {
  /** Between two looks that nobody asked for, in ms. */
  readonly everyMs: number;
  /** True: there is more, look again at once. */
  readonly look: () => Promise<boolean>;
  /** What could not be done, of a look that rejects. */
  readonly failed: string;
  readonly logger: Logger;
}

/**
 * Looks for work while this replica leads: when it is kicked, and from time to time. One look at a time; a kick during a look is one more behind
 * it; a look that rejects is logged, and the next one comes with the next kick or in its time.
 */
export class Looking {
  readonly #options: LookingOptions;
  #signal: AbortSignal = AbortSignal.abort();
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(options: LookingOptions) {
    this.#options = options;
  }

  /** False before the start and once the signal has aborted. */
  get active(): boolean {
    return !this.#signal.aborted;
  }

  /** Looks from time to time until the signal aborts; the first time when kicked, or after a while. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#signal = signal;
    const timer = setInterval(() => this.kick(), this.#options.everyMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Looks now. Without effect while not active. */
  kick(): void {
    if (!this.active) return;
    this.#again = true;
    this.#looking ??= this.#run().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  async #run(): Promise<void> {
    const { look, failed, logger } = this.#options;
    while (this.#again && this.active) {
      this.#again = false;
      try {
        if (await look()) this.#again = true;
      } catch (err) {
        logger.error({ err }, failed);
        return;
      }
    }
  }
}
