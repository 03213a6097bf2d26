const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/** Pause in ms before the nth restart in a row (from 1): 250 ms, doubling up to 30 s. */
export function restartPause(restart: number): number {
  return Math.min(FIRST_MS * 2 ** (restart - 1), LONGEST_MS);
}

/** A program that ran this long has recovered; its next crash counts as the first again. */
export const RECOVERED_AFTER_MS = 30_000;
