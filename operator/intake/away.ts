import { ForgeError } from '#lib/forge';

/** Thrown for what is not tried: its forge did not answer another a moment ago. */
export class ForgeAway extends Error {
  override name = 'ForgeAway';
  /** When it may be tried again, in ms. */
  readonly until: number;

  constructor(until: number) {
    super('The forge did not answer others of this repository; it is asked again in a moment.');
    this.until = until;
  }
}

interface Silence {
  readonly times: number;
  readonly until: number;
}

/** Which repositories' forges do not answer: of many deliveries that would ask, one finds out, each time after a pause that doubles up to 64 times. */
export class Away {
  readonly #silent = new Map<string, Silence>();
  readonly #pauseMs: number;
  readonly #now: () => number;

  constructor(pauseMs: number, now: () => number) {
    this.#pauseMs = pauseMs;
    this.#now = now;
  }

  /** Throws ForgeAway while the forge of this lane is left alone. */
  check(lane: string): void {
    const until = this.#silent.get(lane)?.until ?? 0;
    if (until > this.#now()) throw new ForgeAway(until);
  }

  /** What became of asking: null for an answer. */
  heard(lane: string, error: unknown): void {
    if (error instanceof ForgeAway) return;
    const silent = error instanceof ForgeError && (error.code === 'Timeout' || error.code === 'Unavailable');
    if (!silent) return void this.#silent.delete(lane);
    const times = (this.#silent.get(lane)?.times ?? 0) + 1;
    this.#silent.set(lane, { times, until: this.#now() + this.#pauseMs * 2 ** Math.min(times - 1, 6) });
  }
}
