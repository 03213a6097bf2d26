/**
 * The order in which a rig goes down: first what makes work, last what remembers it. A name may be missing, because a start
 * that is interrupted has not come far.
 */
export const STOP_ORDER = [
  'timeline',
  'pods',
  'kubelet',
  'operator',
  'proxy',
  'egress',
  'verifier',
  'trust',
  'replay',
  'forge',
  'identities',
  'controlplane',
  'postgres',
] as const;
export type StopName = (typeof STOP_ORDER)[number];

/** No part needs longer, its own graces included; what hangs must not keep the rest from being stopped. */
const LONGEST_MS = 45_000;

export interface StopOptions {
  /** Gets a sentence when stopping one part failed; the others are stopped all the same. */
  readonly onFailure?: (sentence: string) => void;
}

/** How to stop what was started so far. */
export class Stops {
  readonly #stops = new Map<StopName, () => Promise<unknown>>();

  /** A later stop of the same name replaces the earlier one: a part that was started again has one way to stop. */
  add(name: StopName, stop: () => Promise<unknown>): void {
    this.#stops.set(name, stop);
  }

  /** Stops everything in order, one after the other. Safe to call again after it resolved. */
  async run({ onFailure = () => {} }: StopOptions = {}): Promise<void> {
    for (const name of STOP_ORDER) {
      const stop = this.#stops.get(name);
      this.#stops.delete(name);
      if (stop)
        await bounded(stop()).catch((error: Error) => onFailure(`${name} could not be stopped: ${error.message}`));
    }
  }
}

function bounded(work: Promise<unknown>): Promise<unknown> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it took longer than ${LONGEST_MS / 1000} s`)), LONGEST_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
