/** One queue per key: work under the same key runs one after another, in the order it was asked for. */
export class Locks {
  readonly #tails = new Map<number, Promise<unknown>>();

  async run<T>(key: number, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  /** Resolves once everything asked for so far has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
