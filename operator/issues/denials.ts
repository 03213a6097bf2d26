/** How often a live read may contradict a decision to merge one head before a person is asked. */
const GIVE_UP_AFTER = 10;
const LONGEST_MS = 600_000;
/** Heads remembered at most; forgetting one only asks the forge sooner. */
const REMEMBERED = 1_000;

/** How often in a row the forge itself denied what the mirror had allowed, by subject and head: each time it is asked later. */
export class Denials {
  /** Of merges that came too late for what they were decided on, which denies nothing. */
  readonly late = new Pauses();
  readonly #times = new Map<string, { headSHA: string; times: number }>();

  /** Counts one more; answers in how many ms to look again, 0 for the first, for the mirror knows better now; or that a person has to. */
  next(subject: string, headSHA: string, intervalMs: number): number | 'give up' {
    const known = this.#times.get(subject);
    const times = known?.headSHA === headSHA ? known.times + 1 : 1;
    if (times > GIVE_UP_AFTER) {
      this.#times.delete(subject);
      return 'give up';
    }
    if (this.#times.size >= REMEMBERED) this.#times.clear();
    this.#times.set(subject, { headSHA, times });
    return times === 1 ? 0 : Math.min(LONGEST_MS, intervalMs * 2 ** (times - 2));
  }

  /** The forge agreed. */
  forget(subject: string): void {
    this.late.forget(subject);
    this.#times.delete(subject);
  }
}

/** The longest pause of {@link Pauses}, in ms. */
const LONGEST_PAUSE_MS = 60_000;

/** Growing pauses before something is tried again that came too late, by subject and head; nobody's fault, so no person is asked. */
export class Pauses {
  readonly #pauses = new Map<string, { headSHA: string; ms: number; until: number }>();

  /** How many ms are left of the pause; 0 where there is none. Both times are ms of one clock. */
  left(subject: string, headSHA: string, now: number): number {
    const known = this.#pauses.get(subject);
    return known?.headSHA === headSHA ? Math.max(0, known.until - now) : 0;
  }

  /** Begins the next pause, twice as long as the one before, and answers its length. */
  lengthen(subject: string, headSHA: string, { now, firstMs }: { now: number; firstMs: number }): number {
    const known = this.#pauses.get(subject);
    const ms = known?.headSHA === headSHA ? Math.min(LONGEST_PAUSE_MS, 2 * known.ms) : firstMs;
    if (this.#pauses.size >= REMEMBERED) this.#pauses.clear();
    this.#pauses.set(subject, { headSHA, ms, until: now + ms });
    return ms;
  }

  /** It came in time. */
  forget(subject: string): void {
    this.#pauses.delete(subject);
  }
}
