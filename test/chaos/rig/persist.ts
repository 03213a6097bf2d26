import { setTimeout as wait } from 'node:timers/promises';

const PAUSE_MS = 150;

/**
 * Tries again while `work` throws: what a round asks may be down at that very moment, on purpose. Rejects with the last error after
 * `patienceMs`, or when `signal` aborts.
 */
export async function persist<T>(work: () => Promise<T>, patienceMs: number, signal?: AbortSignal): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await wait(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  }
}
