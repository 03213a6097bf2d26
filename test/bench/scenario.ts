/** One thing that was measured. */
export interface Measurement {
  /** Unique in its scenario. */
  readonly name: string;
  readonly unit: 's' | 'ms' | 'MiB' | 'KiB' | 'pods/s' | '/s' | '×';
  readonly samples: readonly number[];
  /** What the median must not exceed. */
  readonly target?: number;
  /** What the 95th or 99th percentile must not exceed. */
  readonly targetP95?: number;
  readonly targetP99?: number;
  /** What the median must reach. */
  readonly atLeast?: number;
}

export interface ScenarioOptions {
  /** How often a thing is done that takes seconds. */
  readonly rounds: number;
  /** An empty folder for the scenario's data, deleted afterwards. */
  readonly folder: string;
  /** Tells the person who waits what is being done. */
  readonly say: (line: string) => void;
  /** Keeps what was measured: it is in the report also where the scenario breaks off later. */
  readonly note: (...measured: readonly Measurement[]) => void;
  /** Aborts when the bench is interrupted. */
  readonly signal: AbortSignal;
}

/** A file in `scenarios/` exports one as `scenario`; its name there is its name on the command line. */
export interface Scenario {
  readonly about: string;
  /** Notes what it measures; rejects where it cannot go on. */
  run(options: ScenarioOptions): Promise<void>;
}
