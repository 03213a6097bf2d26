import { type Notice, pauseOf } from '#domain';
import type { Channel } from './channel.ts';
import { SinkError } from './error.ts';
import type { Sink } from './sinks.ts';

/** What a lane works with. */
export interface LaneOptions {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly now: () => number;
  /** Tells the sink once, through the table of effects. Throws SinkError for a sink that did not take it, else what kept the table from it. */
  readonly tell: (lane: Lane, notice: Notice, signal: AbortSignal) => Promise<void>;
  readonly onFailed: (lane: Lane, notice: Notice) => void;
}

/** The way to one sink: one notice after the other, with a pause that grows while it takes none. No lane waits for another. */
export class Lane {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly #options: LaneOptions;
  #failures = 0;
  #failure: string | null = null;
  #restsUntil = 0;
  #telling: string | null = null;
  #busy: Promise<void> | undefined;

  constructor(options: LaneOptions) {
    this.sink = options.sink;
    this.channel = options.channel;
    this.#options = options;
  }

  /** Why the sink did not take what it was told last; null where it did. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Id of the notice that it is being told. */
  get telling(): string | null {
    return this.#telling;
  }

  /** Whether issues of this namespace are told of here. */
  hears(namespace: string): boolean {
    return this.sink.namespaces?.includes(namespace) ?? true;
  }

  /** Tells the sink these, in their order, as far as it takes them; does nothing while it is being told, or rests. */
  serve(notices: readonly Notice[], signal: AbortSignal): void {
    if (this.#busy !== undefined || notices.length === 0) return;
    this.#busy = this.#drain(notices, signal).finally(() => {
      this.#busy = undefined;
    });
  }

  /** Resolves when the sink is not being told anything. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  async #drain(notices: readonly Notice[], signal: AbortSignal): Promise<void> {
    const { tell, now } = this.#options;
    for (const notice of notices) {
      if (signal.aborted || now() < this.#restsUntil) return;
      this.#telling = notice.id;
      try {
        await tell(this, notice, signal);
        this.#failures = 0;
        this.#failure = null;
        this.#restsUntil = now() + this.channel.paceMs;
      } catch (error) {
        if (!signal.aborted) this.#failed(notice, error as Error);
      } finally {
        this.#telling = null;
      }
    }
  }

  #failed(notice: Notice, error: Error): void {
    this.#failures += 1;
    this.#failure = error.message;
    const asked = error instanceof SinkError ? error.retryAfterMs : 0;
    this.#restsUntil = this.#options.now() + Math.max(pauseOf(this.#failures), asked);
    this.#options.onFailed(this, notice);
  }
}
