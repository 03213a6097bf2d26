import { type Logger, type Metrics, noMetrics } from '#lib/observe';
import type { BareCopies, CopyOf } from './copies.ts';
import { GitError } from './error.ts';
import { CLEANED_MS, decideKeeping, isCleaningDue, type Needed, type Notes } from './keeping.ts';
import { removeLocks } from './locks.ts';
import { readNotes, writeNotes } from './notes.ts';
import { bytesOf, changeRefs, countObjects, isBroken, letGoObjects, refsOf, removeLitter } from './tending.ts';

/** Between two rounds, and before the first: what is needed is known by then. */
const ROUND_MS = 3_600_000;
const FIRST_MS = 60_000;

export interface UpkeepOptions {
  readonly copies: BareCopies;
  /** What is needed of a copy; null where nothing names it any more. Where that is not known it throws, and the copy stays as it is. */
  readonly needed: (copy: CopyOf) => Needed | null | Promise<Needed | null>;
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

/**
 * Keeps copies small: one that nothing names goes after a day, a ref that nobody asks for after a week, and objects that no ref reaches a day later. One copy
 * at a time, and none while it is used. Whatever is asked for again is fetched again.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #metrics: Metrics;
  #running: Promise<void> = Promise.resolve();

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
  }

  /** Begins a round in a minute, and one every hour, until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    const go = () => {
      this.#running = this.round(signal)
        .catch((err: unknown) => {
          if (!signal.aborted) this.#options.logger.warn({ err }, 'copies of repositories could not be looked after');
        })
        .then(() => {
          if (!signal.aborted) timer = setTimeout(go, ROUND_MS);
        });
    };
    let timer = setTimeout(go, FIRST_MS);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  /** Resolves when nothing is being looked after. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Looks after every copy once. One at which that fails is left for the next round, and holds up no other. */
  async round(signal?: AbortSignal): Promise<void> {
    const { copies, logger } = this.#options;
    this.#count('leftoverRemoved', await copies.sweep());
    for (const copy of await copies.list()) {
      signal?.throwIfAborted();
      try {
        await copies.tend(copy, (path) => this.#tend(copy, path, signal));
      } catch (err) {
        if (signal?.aborted) throw err;
        this.#count('failed');
        logger.warn({ err, ...copy }, 'a copy of a repository could not be looked after');
      }
    }
    this.#metrics.set('rig_git_copies', {}, (await copies.list()).length);
    this.#metrics.set('rig_git_copies_bytes', {}, await bytesOf(copies.root));
  }

  async #tend(copy: CopyOf, path: string, signal?: AbortSignal): Promise<void> {
    const { copies, needed: neededOf, now, logger } = this.#options;
    // Nothing runs in here now: whose they were is gone.
    await removeLocks(path);
    await removeLitter(path);
    const before = await readNotes(path);
    const needed = await neededOf(copy);
    const keeping = decideKeeping(before, await refsOf(path), needed, now());
    if (!keeping.kept) {
      await copies.discard(path);
      this.#count('copyRemoved');
      logger.info({ ...copy }, 'a copy of a repository that nothing names any more was removed');
      return;
    }
    // First of all, beside what was known before: the process after this one is to know that objects may be there which no ref reaches.
    await writeNotes(path, { ...keeping.notes, asked: { ...before.asked, ...keeping.notes.asked } });
    if (needed === null) return;
    await changeRefs(path, keeping.letGo, needed.commits);
    await writeNotes(path, keeping.notes);
    this.#count('refLetGo', keeping.letGo.length);
    if (isCleaningDue(keeping.notes, await countObjects(path), now()))
      await this.#clean(copy, path, keeping.notes, signal);
  }

  async #clean(copy: CopyOf, path: string, notes: Notes, signal?: AbortSignal): Promise<void> {
    const { copies, now, logger } = this.#options;
    const cleaned = now();
    try {
      await letGoObjects(path, cleaned - CLEANED_MS, signal);
      await writeNotes(path, { ...notes, cleaned, pending: false });
      this.#count('objectsPruned');
    } catch (error) {
      if (signal?.aborted || !(error instanceof GitError)) throw error;
      if (!(await isBroken(path, signal))) {
        await writeNotes(path, { ...notes, cleaned });
        throw error;
      }
      await copies.discard(path);
      this.#count('brokenRemoved');
      logger.warn({ err: error, ...copy }, 'a copy of a repository that was damaged was removed; it is made again');
    }
  }

  #count(
    outcome: 'copyRemoved' | 'refLetGo' | 'objectsPruned' | 'leftoverRemoved' | 'brokenRemoved' | 'failed',
    by = 1,
  ) {
    this.#metrics.count('rig_git_upkeep_total', { outcome }, by);
  }
}
