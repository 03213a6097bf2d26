/** A program that serves metrics. */
export type MetricProgram = 'operator' | 'proxy' | 'egress' | 'verifier';

/** One label: what it says, and either every value it has or how many it may have. What is beyond is counted as `other`. */
export interface MetricLabel {
  readonly is: string;
  /** Every value, each present at zero from the start. */
  readonly values?: readonly string[];
  /** Distinct values that are kept apart where they cannot be listed. */
  readonly atMost?: number;
}

/** One row of the catalogue. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence for whoever reads a dashboard, with the unit where the name has none. */
  readonly help: string;
  readonly of: readonly MetricProgram[];
  readonly labels?: Readonly<Record<string, MetricLabel>>;
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/** What a value beyond a label's list or bound is counted as. */
export const OTHER = 'other';

/** Upper bound of the series a metric may have, buckets not counted. */
export function seriesBound({ labels = {} }: MetricDefinition): number {
  const sizes = Object.values(labels).map(({ values, atMost }) => (values?.length ?? atMost ?? 0) + 1);
  return sizes.reduce((product, size) => product * size, 1);
}
