import { initialState, type Layout, readState, type State, writeState } from '#lib/datadir';

/** The state of this data directory while we hold its lock: what is read is what was last written. */
export class StateStore {
  readonly #layout: Layout;
  #state: State;

  /** Throws DataDirError Unreadable. */
  constructor(layout: Layout) {
    this.#layout = layout;
    this.#state = readState(layout) ?? initialState();
  }

  get state(): State {
    return this.#state;
  }

  update(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    writeState(this.#layout, this.#state);
  }
}
