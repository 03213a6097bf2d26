/** One use of a thing at a time, in the order in which they were asked for. One that fails holds up none behind it. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(what: string, use: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(what) ?? Promise.resolve()).catch(() => undefined).then(use);
    this.#last.set(what, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(what) === turn) this.#last.delete(what);
    }
  }
}
