import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again every 25 ms until `observe` gives something truthy, and resolves to it; a throw counts as "not yet".
 * Rejects after `timeoutMs` (default 30,000) with `what` and what was seen last.
 */
export async function until<T>(
  what: string,
  observe: () => Promise<T> | T,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (let seen: unknown; ; ) {
    try {
      const value = await observe();
      if (value) return value;
      seen = value;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Not within ${timeoutMs} ms: ${what}; last seen: ${String(seen)}`);
    await delay(25);
  }
}
