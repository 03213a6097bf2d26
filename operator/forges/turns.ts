/** A turn that came within this time, in ms, left what it was asked for as fresh as it was. */
const PROMPT_MS = 2_000;
/** How long a turn that came late is kept for who asks again, in ms; who comes later queues anew. */
const KEPT_MS = 10_000;
/** Turns kept at most; one that is forgotten is only waited for again. */
const KEPT_MAX = 1_000;

/** Turns to merge, taken before the merge is decided, so that no queue lies between what was read and the call. */
export class MergeTurns {
  readonly #kept = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** True when the turn is there; false when it was long in coming: look again, the subject's next call has it. */
  async take(subject: string, turn: () => Promise<unknown>): Promise<boolean> {
    const asked = this.#now();
    const kept = this.#kept.get(subject);
    this.#kept.delete(subject);
    if (kept !== undefined && asked - kept <= KEPT_MS) return true;
    await turn();
    if (this.#now() - asked <= PROMPT_MS) return true;
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(subject, this.#now());
    return false;
  }
}
