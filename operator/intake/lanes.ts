export interface LanesOptions<T> {
  /** Must not reject. */
  readonly work: (item: T) => Promise<void>;
  /** Takes back what waits behind one that takes long. Must not reject. */
  readonly giveBack: (items: readonly T[]) => Promise<void>;
  /** How long one may take before those behind it are given back, in ms. */
  readonly slowMs: number;
}

interface Lane<T> {
  readonly waiting: T[];
  slow: boolean;
}

/** Works in lanes side by side, in each on one after the other: what takes long holds up its own lane alone, and keeps nothing waiting in memory. */
export class Lanes<T> {
  readonly #options: LanesOptions<T>;
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #running = new Set<Promise<void>>();
  #held = 0;
  #step = Promise.withResolvers<void>();

  constructor(options: LanesOptions<T>) {
    this.#options = options;
  }

  /** How many are being worked on, wait for it, or are being given back. */
  get held(): number {
    return this.#held;
  }

  put(name: string, item: T): void {
    this.#held += 1;
    const lane = this.#lanes.get(name);
    if (lane?.slow) this.#giveBack([item]);
    else if (lane !== undefined) lane.waiting.push(item);
    else this.#track(this.#run(name, { waiting: [item], slow: false }));
  }

  /** Resolves when one of those held has ended; at once where none is. */
  async oneLeft(): Promise<void> {
    const before = this.#held;
    while (this.#held === before && this.#running.size > 0) await Promise.race([...this.#running, this.#step.promise]);
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(name: string, lane: Lane<T>): Promise<void> {
    this.#lanes.set(name, lane);
    for (let item = lane.waiting.shift(); item !== undefined; item = lane.waiting.shift()) {
      const slow = setTimeout(() => {
        lane.slow = true;
        this.#giveBack(lane.waiting.splice(0));
      }, this.#options.slowMs);
      await this.#options.work(item);
      clearTimeout(slow);
      lane.slow = false;
      this.#left(1);
    }
    this.#lanes.delete(name);
  }

  #giveBack(items: readonly T[]): void {
    if (items.length > 0) this.#track(this.#options.giveBack(items).then(() => this.#left(items.length)));
  }

  #left(count: number): void {
    this.#held -= count;
    this.#step.resolve();
    this.#step = Promise.withResolvers();
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
