/** How often a live read may contradict a decision to merge one head before a person is asked. */
const GIVE_UP_AFTER = 10;
const LONGEST_MS = 600_000;
/** Heads remembered at most; forgetting one only asks the forge sooner. */
const REMEMBERED = 1_000;

/** How often in a row the forge itself denied what the mirror had allowed, by subject and head: each time it is asked later. */
export class Denials {
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
    this.#times.delete(subject);
  }
}
