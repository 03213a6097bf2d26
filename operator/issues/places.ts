export interface PlacesOptions {
  /** Looks again at the issue of this key. */
  readonly wake: (key: string) => void;
  /** Gives what is free of this Agent to the queue. */
  readonly fill: (agentUid: string) => void;
}

/**
 * Who waits for a place of an Agent beside the queue: a rework, a review. A place that becomes free is offered to one of them at a time, in
 * the order in which they came, and to the queue when none of them takes it; so it costs a look or two, however many wait.
 */
export class Places {
  readonly #options: PlacesOptions;
  /** Uids of the Agents that will do, by issue; a Map keeps the order of arrival. */
  readonly #waiting = new Map<string, readonly string[]>();
  /** The Agent whose place an issue was offered and has not looked at yet. */
  readonly #offered = new Map<string, string>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** An Agent may have a free place. Telling it twice is harmless. */
  freed(agentUid: string): void {
    for (const [key, agents] of this.#waiting) {
      if (!agents.includes(agentUid) || this.#offered.has(key)) continue;
      this.#offered.set(key, agentUid);
      this.#options.wake(key);
      return;
    }
    this.#options.fill(agentUid);
  }

  /**
   * An issue was looked at and waits now for a place of one of `agents`; of none when it took one, or wants none any more: then what it was
   * offered goes to the next, who finds out whether it was taken.
   */
  looked(key: string, agents: readonly string[] = []): void {
    const offered = this.#offered.get(key);
    this.#offered.delete(key);
    if (agents.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, agents);
    if (offered !== undefined && !agents.includes(offered)) this.freed(offered);
  }
}
