export interface FillingOptions {
  /** Gives every free place of one Agent to the best that are queued for it. */
  readonly fill: (agentUid: string) => Promise<void>;
  readonly onError: (error: unknown, agentUid: string) => void;
}

/** Fills the places of Agents, each Agent's on its own: however often one is asked for, one filling is under way and at most one more follows. */
export class Filling {
  readonly #options: FillingOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();

  constructor(options: FillingOptions) {
    this.#options = options;
  }

  /** A place that becomes free after this is asked for is seen by the filling that follows, if not by the one under way. */
  ask(agentUid: string): void {
    if (this.#running.has(agentUid)) this.#again.add(agentUid);
    else this.#running.set(agentUid, this.#run(agentUid));
  }

  /** Resolves when nothing is being filled. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async #run(agentUid: string): Promise<void> {
    const { fill, onError } = this.#options;
    do {
      this.#again.delete(agentUid);
      await fill(agentUid).catch((error: unknown) => onError(error, agentUid));
    } while (this.#again.has(agentUid));
    this.#running.delete(agentUid);
  }
}
