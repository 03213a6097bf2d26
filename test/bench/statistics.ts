/** What a row of samples says. Median before mean: a shared machine makes outliers, and they are shown as the maximum. */
export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly median: number;
  /** Nearest rank; the maximum where there are fewer than 20 samples. */
  readonly p95: number;
  /** Nearest rank; the maximum where there are fewer than 100 samples. */
  readonly p99: number;
  readonly max: number;
}

/** Throws RangeError for no samples, or one that is not a finite number: a measurement that failed is not a fast one. */
export function summarise(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('there is nothing to summarise');
  if (!samples.every(Number.isFinite)) throw new RangeError(`not a measurement: ${samples.join(', ')}`);
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (rank: number) => sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] as number;
  const half = sorted.length / 2;
  return {
    n: sorted.length,
    min: at(1),
    median: (at(Math.ceil(half)) + at(Math.floor(half) + 1)) / 2,
    p95: at(Math.ceil(0.95 * sorted.length)),
    p99: at(Math.ceil(0.99 * sorted.length)),
    max: at(sorted.length),
  };
}
