import { ForgeError } from '#lib/forge';
import { Waiting } from '#lib/kube';

/** Longest that something rests before it looks again whether the forge may be asked, in ms. */
const LONGEST_MS = 15 * 60_000;

/**
 * A forge's rate limit, met by this error or by one that caused it, as the outcome of a reconcile that says until when it waits; null for
 * any other error.
 */
export function waitingForLimit(error: unknown, now: number): Waiting | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (!(at instanceof ForgeError) || at.code !== 'RateLimited') continue;
    const ms = at.retryAfterMs ?? 60_000;
    const until = new Date(Math.round((now + ms) / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
    const message = `It waits for the forge's rate limit until ${until}.`;
    return new Waiting(Math.min(ms, LONGEST_MS), 'RateLimited', message, { cause: at });
  }
  return null;
}
