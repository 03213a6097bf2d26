/** The head of one pull request: the next attempt may end at the same commit, and begins anew. */
export function headOf({ number, headSHA }: { readonly number: number; readonly headSHA: string }): string {
  return `${number}@${headSHA}`;
}

/** How often a live read may contradict a decision to merge one head before a person is asked. */
const GIVE_UP_AFTER = 10;
const LONGEST_MS = 600_000;
/** Heads remembered at most; forgetting one only asks the forge sooner. */
const REMEMBERED = 1_000;

/** How often in a row the forge itself denied what the mirror had allowed, by subject and head ({@link headOf}): each time it is asked later. */
export class Denials {
  /** Of merges that came too late for what they were decided on, which denies nothing. */
  readonly late = new Pauses();
  readonly #times = new Map<string, { head: string; times: number }>();

  /** Counts one more; answers in how many ms to look again, 0 for the first, for the mirror knows better now; or that a person has to. */
  next(subject: string, head: string, intervalMs: number): number | 'give up' {
    const known = this.#times.get(subject);
    const times = known?.head === head ? known.times + 1 : 1;
    if (times > GIVE_UP_AFTER) {
      this.#times.delete(subject);
      return 'give up';
    }
    if (this.#times.size >= REMEMBERED) this.#times.clear();
    this.#times.set(subject, { head, times });
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
  readonly #pauses = new Map<string, { head: string; ms: number; until: number }>();

  /** How many ms are left of the pause; 0 where there is none. Both times are ms of one clock. */
  left(subject: string, head: string, now: number): number {
    const known = this.#pauses.get(subject);
    return known?.head === head ? Math.max(0, known.until - now) : 0;
  }

  /** Begins the next pause, twice as long as the one before, and answers its length. */
  lengthen(subject: string, head: string, { now, firstMs }: { now: number; firstMs: number }): number {
    const known = this.#pauses.get(subject);
    const ms = known?.head === head ? Math.min(LONGEST_PAUSE_MS, 2 * known.ms) : firstMs;
    if (this.#pauses.size >= REMEMBERED) this.#pauses.clear();
    this.#pauses.set(subject, { head, ms, until: now + ms });
    return ms;
  }

  /** It came in time. */
  forget(subject: string): void {
    this.#pauses.delete(subject);
  }
}
