export interface GatheringOptions<Q, A> {
  /** Does what is asked for one by one or together, and says of each what came of it. Must not reject. */
  readonly run: (batch: readonly Q[]) => Promise<readonly PromiseSettledResult<A>[]>;
  /** No two of one name are in the same batch. */
  readonly name: (asked: Q) => string;
  /** Whether an answer holds as well for who shares the name and had asked before it was looked for; default no. */
  readonly holdsFor?: (answer: A, asked: Q, other: Q) => boolean;
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
    this.#options = { lanes: 2, most: 64, holdsFor: () => false, ...options };
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
      const behind = new Set(this.#waiting);
      const results = await this.#options.run(batch.map(({ asked }) => asked));
      for (const [at, one] of batch.entries()) {
        const result = results[at]!;
        if (result.status === 'rejected') one.reject(result.reason);
        else this.#answer(one, result.value, behind);
      }
    }
    this.#running -= 1;
  }

  /** Who asked before the answer was looked for, and would be answered the same, is. */
  #answer({ asked, resolve }: Waiting<Q, A>, answer: A, behind: ReadonlySet<Waiting<Q, A>>): void {
    const { name, holdsFor } = this.#options;
    resolve(answer);
    this.#waiting = this.#waiting.filter((other) => {
      const same = behind.has(other) && name(other.asked) === name(asked) && holdsFor(answer, asked, other.asked);
      if (same) other.resolve(answer);
      return !same;
    });
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
