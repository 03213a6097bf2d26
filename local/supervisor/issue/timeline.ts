import { type EventView, followEvents, type ReaderOptions, readEvents } from '#lib/conductor';

export interface TimelineOptions {
  readonly reader: ReaderOptions;
  /** Gets each event once, oldest first. */
  readonly show: (event: EventView) => void;
  /** Gets the sentence to show when the timeline ends before it is stopped. */
  readonly onEnd: (sentence: string) => void;
}

/** What happens in the rig, event by event, from its start on. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #from: string | undefined;
  readonly #stopped = new AbortController();
  /** Version of the last event of each stream that was shown. */
  readonly #shown = new Map<string, number>();
  readonly #following: Promise<void>;
  #progress = Promise.withResolvers<void>();

  private constructor(options: TimelineOptions, from: string | undefined) {
    this.#options = options;
    this.#from = from;
    this.#following = this.#follow().catch((error: Error) => options.onEnd(`The timeline ended: ${error.message}`));
  }

  /** Begins behind what is in the log by now. Throws ConductorError. */
  static async start(options: TimelineOptions): Promise<Timeline> {
    return new Timeline(options, (await readEvents(options.reader)).after);
  }

  /**
   * Resolves when everything of the issue that is in the log by now was shown, or the timeline has ended. An event can be read in
   * its issue's log before it is in the timeline, which leaves no gap and so waits for whoever began to write before.
   */
  async showsAllOf(issue: string): Promise<void> {
    const last = (await readEvents({ ...this.#options.reader, issue }, this.#from)).events.at(-1);
    const ended = this.#following.then(() => true);
    while (last !== undefined && (this.#shown.get(last.stream) ?? 0) < last.version) {
      if (await Promise.race([this.#progress.promise, ended])) return;
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { reader, show } = this.#options;
    for await (const event of followEvents(reader, { after: this.#from, signal: this.#stopped.signal })) {
      show(event);
      this.#shown.set(event.stream, event.version);
      this.#progress.resolve();
      this.#progress = Promise.withResolvers();
    }
  }
}
