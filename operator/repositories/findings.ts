/** What no delivery had told. */
export interface Untold {
  /** By the forge's clock, in ms. */
  readonly at: number;
  readonly what: string;
}

/** What one reading of a repository's listings found: what happened, whom it concerns, and what could not be said. */
export class Findings {
  readonly issues = new Set<number>();
  readonly pulls = new Set<number>();
  readonly branches = new Set<string>();
  baseMoved = false;
  /** Sentences about what was found and taken. */
  readonly taken: string[] = [];
  /** Sentences about what was found and not taken, for a person to mend. */
  readonly refused: string[] = [];
  /** Sentences about listings that could not be read. */
  readonly problems: string[] = [];
  #untold: Untold | null = null;

  /** Notes something that a delivery should have told; the newest is kept. */
  missed(at: string, what: string): void {
    const ms = Date.parse(at);
    if (this.#untold === null || ms >= this.#untold.at) this.#untold = { at: ms, what };
  }

  get untold(): Untold | null {
    return this.#untold;
  }
}
