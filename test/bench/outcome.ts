/** The part that is measured of the last line of `npm start -- --once --json`. */
export interface Outcome {
  readonly seconds: {
    readonly up: number;
    readonly filedToJob: number | null;
    readonly filedToMerged: number | null;
  };
}
