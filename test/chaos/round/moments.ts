import type { Moment, Planned } from '../schedule/plan.ts';
import type { Witnessed } from '../witness/chronicle.ts';

/** A fault whose moment has come, with the event that is it. */
export interface Due {
  readonly planned: Planned;
  readonly event: Witnessed;
}

/** Which faults of a schedule are due: counts the events of a round by type. */
export class Moments {
  readonly #seen = new Map<string, Witnessed[]>();
  #waiting: readonly Planned[];

  constructor(planned: readonly Planned[]) {
    this.#waiting = planned;
  }

  /** Faults whose moment has not come. */
  get waiting(): readonly Planned[] {
    return this.#waiting;
  }

  /** Counts events of the round, in the order they were seen; answers what is due now, each fault once. */
  take(events: readonly Witnessed[]): Due[] {
    for (const event of events) this.#seen.set(event.type, [...(this.#seen.get(event.type) ?? []), event]);
    const due = this.#waiting.flatMap((planned) => {
      const event = this.#at(planned.at);
      return event === undefined ? [] : [{ planned, event }];
    });
    this.#waiting = this.#waiting.filter((planned) => this.#at(planned.at) === undefined);
    return due;
  }

  #at({ event, nth }: Moment): Witnessed | undefined {
    return this.#seen.get(event)?.[nth - 1];
  }
}
