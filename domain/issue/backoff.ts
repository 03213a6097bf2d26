import type { Policy } from './world.ts';

/** The pause before the next try after `turns` that went wrong, in ms: it doubles with each, up to a limit. */
export function pauseAfter(turns: number, { retryBackoff, maxRetryBackoff }: Policy): number {
  return Math.min(maxRetryBackoff, retryBackoff * 2 ** Math.max(0, turns - 1));
}
