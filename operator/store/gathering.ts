export interface GatheringOptions<Q, A> {
  /** Does what is asked for one by one or together, and says of each what came of it. Must not reject. */
  readonly run: (batch: readonly Q[]) => Promise<readonly PromiseSettledResult<A>[]>;
  /** No two of one name are in the same batch. */
  readonly name: (asked: Q) => string;
  /** Batches under way at once; default 2, so that one is prepared while the database works on the other. */
  readonly lanes?: number;
  /** What one batch holds at most; default 64. */
  readonly most?: number;
}

interface Waiting<Q, A> {
  readonly asked: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** Does at once what is asked for while there is little to do, and together what is asked for while there is much: in order, each once. */
export class Gathering<Q, A> {
  readonly #options: Required<GatheringOptions<Q, A>>;
  #waiting: Waiting<Q, A>[] = [];
  #running = 0;

  constructor(options: GatheringOptions<Q, A>) {
    this.#options = { lanes: 2, most: 64, ...options };
  }

  ask(asked: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#running < this.#options.lanes) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#running += 1;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      const results = await this.#options.run(batch.map(({ asked }) => asked));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const result = results[at]!;
        if (result.status === 'fulfilled') resolve(result.value);
        else reject(result.reason);
      }
    }
    this.#running -= 1;
  }

  /** The first of each name; who shares one waits for the next batch. */
  #next(): Waiting<Q, A>[] {
    const names = new Set<string>();
    const batch: Waiting<Q, A>[] = [];
    this.#waiting = this.#waiting.filter((one) => {
      const name = this.#options.name(one.asked);
      if (batch.length >= this.#options.most || names.has(name)) return true;
      names.add(name);
      batch.push(one);
      return false;
    });
    return batch;
  }
}
