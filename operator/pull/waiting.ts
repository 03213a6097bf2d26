/** One client that waits for work of its Agent. Entered before it looks, so that nothing that comes meanwhile is missed. */
export interface Waiter {
  /** True once there may be work, false after `ms`, or when the client has gone or the conductor ends. */
  woken(ms: number, signal: AbortSignal): Promise<boolean>;
  /** Waits no more. Safe to call twice. */
  leave(): void;
}

interface Place {
  poked: boolean;
  poke: () => void;
}

/** Clients of one Agent that may wait at a time. */
const PLACES = 200;

/** Clients that wait for work, by the uid of their Agent: whoever sees work for an Agent wakes the one that waits longest. */
export class Waiting {
  readonly #places = new Map<string, Set<Place>>();
  readonly #closing = new AbortController();

  /** Null where too many clients of that Agent wait already. */
  enter(agentUid: string): Waiter | null {
    const places = this.#places.get(agentUid) ?? new Set();
    if (places.size >= PLACES) return null;
    const place: Place = { poked: false, poke: () => undefined };
    this.#places.set(agentUid, places.add(place));
    const leave = () => {
      places.delete(place);
      if (places.size === 0 && this.#places.get(agentUid) === places) this.#places.delete(agentUid);
    };
    return { leave, woken: (ms, signal) => this.#woken(place, ms, AbortSignal.any([signal, this.#closing.signal])) };
  }

  /** Wakes one client of each Agent: there may be work for it. */
  wake(agentUids: Iterable<string>): void {
    for (const uid of agentUids) {
      const place = [...(this.#places.get(uid) ?? [])].find(({ poked }) => !poked);
      if (place === undefined) continue;
      place.poked = true;
      place.poke();
    }
  }

  /** Uids of the Agents whose clients wait. */
  agents(): string[] {
    return [...this.#places.keys()];
  }

  /** Sends everybody away. Safe to call twice. */
  close(): void {
    this.#closing.abort();
  }

  async #woken(place: Place, ms: number, signal: AbortSignal): Promise<boolean> {
    if (!place.poked && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve(), { once: true });
      place.poke = resolve;
      await promise;
      clearTimeout(timer);
    }
    const poked = place.poked && !signal.aborted;
    place.poked = false;
    place.poke = () => undefined;
    return poked;
  }
}
