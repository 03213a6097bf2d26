import { classifyFailure, type FailureClass } from './classify.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Database } from './database.ts';
import { evictHolder, tryLock } from './effect-lock.ts';
import {
  adoptEffect,
  beginAttempt,
  type EffectRequest,
  type EffectRow,
  type Ending,
  endAttempt,
  ensureEffect,
  readEffect,
} from './effect-row.ts';
import { EventsError } from './errors.ts';
import { currentEpoch } from './leadership.ts';
import { Semaphore } from './semaphore.ts';

/** How one kind of effect is done and found again. Both get the request that was recorded under the key first. */
export interface EffectSteps<R, O> {
  /** Does it once. Its own timeout must be shorter than the window. */
  perform(request: R): Promise<O>;
  /**
   * Looks for it at the other side (a marker, a listing since `row.createdAt`, how it stands): its outcome, or undefined when it is not there.
   * Throws when that cannot be told. Changes nothing there: what looks may have been followed by another leader since.
   */
  find(request: R, row: EffectRow<R, O>): Promise<O | undefined>;
  /** Waits for what has to be waited for before it is performed: a turn. Called at most once a run, and never behind the beginning of an attempt. */
  ready?(): Promise<void>;
  /** What an error of `perform` means; default {@link classifyFailure}. */
  classify?(error: unknown): FailureClass;
}

export interface EffectsOptions {
  readonly db: Database;
  readonly clock?: Clock;
  /** How long after an attempt its effect may still come to light, in ms; default 60,000. */
  readonly windowMs?: number;
  /** How long one call of `run` looks for an unknown outcome before it throws, in ms from its first look; default twice the window. */
  readonly patienceMs?: number;
  /**
   * Since when what was done to a subject may be missing here, because the database was restored from a backup; null for never. An effect on it
   * that is new here is looked for before it is performed.
   */
  readonly doubtSince?: (subject: string) => Promise<Date | null>;
  /** Attempts and looks at a time in this process, each with a database session; default 4. Between two looks an effect takes no place. */
  readonly concurrency?: number;
}

const LOCK_POLL_MS = 50;

/** The one way to write to the outside: at most once a key, whatever dies in between. */
export class Effects {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #patienceMs: number;
  readonly #doubtSince: (subject: string) => Promise<Date | null>;
  readonly #slots: Semaphore;

  constructor(options: EffectsOptions) {
    this.#db = options.db;
    this.#clock = options.clock ?? systemClock;
    this.#windowMs = options.windowMs ?? 60_000;
    this.#patienceMs = options.patienceMs ?? 2 * this.#windowMs;
    this.#doubtSince = options.doubtSince ?? (async () => null);
    this.#slots = new Semaphore(options.concurrency ?? 4);
  }

  /**
   * Performs the effect and returns its outcome; for a key that has one already, returns that. Callers of one key at the same time,
   * here or in other processes, wait for the one who performs. That it begins is committed before it does; after an
   * unknown outcome (crash, timeout) it is looked for until the window has passed, by its callers in turns, and only then repeated. Epoch and
   * row are read anew before each look.
   *
   * Throws `StaleEpoch` when `epoch` is not the leader's; `EffectRefused` with the stored reason (try again under another key);
   * `EffectNotPerformed` and `EffectUnknown`, after which the same key may be run again; `EffectReused`.
   */
  async run<R, O>(effect: EffectRequest<R>, steps: EffectSteps<R, O>): Promise<O> {
    await ensureEffect<R, O>(this.#db, effect, this.#date(), await this.#doubtSince(effect.subject));
    const pauses = new Pauses(this.#patienceMs);
    for (let ready = steps.ready === undefined; ; ) {
      const row = await this.#row<R, O>(effect);
      if (row.state === 'succeeded') return row.outcome as O;
      if (!ready) {
        await steps.ready?.();
        ready = true;
        continue;
      }
      // Whoever waits has given back slot, session and lock, and believes nothing of what he read before.
      const wait = await this.#slots.use(() => this.#turn(effect, steps, pauses));
      if (wait > 0) await this.#clock.sleep(wait);
    }
  }

  /** The row as it is now; throws when the caller may not go on. */
  async #row<R, O>(effect: EffectRequest<R>): Promise<EffectRow<R, O>> {
    const epoch = await currentEpoch(this.#db);
    if (epoch !== effect.epoch)
      throw new EventsError(
        'StaleEpoch',
        `The effect ${effect.key} was asked for in epoch ${effect.epoch}, but the leader's is ${epoch}.`,
      );
    const row = (await readEffect<R, O>(this.#db, effect.key))!;
    if (row.kind !== effect.kind || row.subject !== effect.subject)
      throw new EventsError(
        'EffectReused',
        `The key ${effect.key} belongs to ${row.kind} of ${row.subject}, not to ${effect.kind} of ${effect.subject}.`,
      );
    if (row.state === 'failed') throw new EventsError('EffectRefused', row.reason ?? 'It was refused.');
    return row;
  }

  /** One turn at the effect, unless somebody else is at it: an attempt, or one look. Answers how long to wait before the next, in ms. */
  async #turn<R, O>(effect: EffectRequest<R>, steps: EffectSteps<R, O>, pauses: Pauses): Promise<number> {
    const lock = await tryLock(this.#db, effect.key);
    if (lock === undefined) {
      const row = await readEffect(this.#db, effect.key);
      if (row !== undefined && row.epoch < effect.epoch) await evictHolder(this.#db, effect.key);
      return LOCK_POLL_MS;
    }
    try {
      await adoptEffect(this.#db, effect.key, effect.epoch);
      // Read again: slot and lock may have been long in coming.
      const row = await this.#row<R, O>(effect);
      if (row.state === 'started') return await this.#resolve(row, effect.epoch, steps, pauses);
      if (row.state === 'planned') await this.#attempt(row, effect.epoch, steps);
      return 0;
    } finally {
      await lock.release();
    }
  }

  /** One attempt, its beginning committed first. Returns the error that left its outcome unknown, if one did. */
  async #attempt<R, O>(row: EffectRow<R, O>, epoch: number, steps: EffectSteps<R, O>): Promise<Error | undefined> {
    const began = this.#date();
    if (!(await beginAttempt(this.#db, row, epoch, began))) return undefined;
    const attempt = row.attempt + 1;
    const end = (ending: Ending) => endAttempt(this.#db, row.key, attempt, ending, this.#date());
    await this.#refuseLate(row.key, began, end);
    let outcome: O;
    try {
      outcome = await steps.perform(row.request);
    } catch (error) {
      const cause = error as Error;
      const failure = (steps.classify ?? classifyFailure)(cause);
      if (failure === 'unknown') return cause;
      await end(failure === 'refused' ? { state: 'failed', reason: cause.message } : { state: 'planned' });
      // A refusal is thrown from the row, as every later caller gets it.
      if (failure === 'refused') return undefined;
      throw new EventsError('EffectNotPerformed', `The effect ${row.key} was not performed: ${cause.message}`, {
        cause,
      });
    }
    await end({ state: 'succeeded', outcome });
    return undefined;
  }

  /**
   * A process that stood still behind the beginning of its attempt may have been given up, and the effect been done by another: it performs
   * nothing. Throws EffectNotPerformed.
   */
  async #refuseLate(key: string, began: Date, end: (ending: Ending) => Promise<unknown>): Promise<void> {
    if (this.#clock.now() - began.getTime() <= this.#windowMs / 4) return;
    await end({ state: 'planned' });
    throw new EventsError(
      'EffectNotPerformed',
      `The effect ${key} was not performed: the process stood still before it.`,
    );
  }

  /**
   * Looks once for an attempt of which only the beginning is known; repeats it where a look begun after its window did not find it. Answers how
   * long to wait before the next look, in ms.
   */
  async #resolve<R, O>(row: EffectRow<R, O>, epoch: number, steps: EffectSteps<R, O>, pauses: Pauses): Promise<number> {
    const asked = this.#clock.now();
    const closes = row.startedAt!.getTime() + this.#windowMs;
    const answer = await look(row, steps);
    if ('outcome' in answer) {
      await endAttempt(this.#db, row.key, row.attempt, { state: 'succeeded', outcome: answer.outcome }, this.#date());
      return 0;
    }
    if (answer.absent && asked >= closes) {
      const cause = await this.#attempt(row, epoch, steps);
      if (cause !== undefined) throw unknown(row.key, cause);
      return 0;
    }
    const pause = pauses.next(asked);
    if (pause === undefined) throw unknown(row.key, answer.error);
    return asked < closes ? Math.min(pause, closes - asked) : pause;
  }

  #date(): Date {
    return new Date(this.#clock.now());
  }
}

/** The pauses between the looks of one run: ever longer, until its patience is at an end. */
class Pauses {
  readonly #patienceMs: number;
  #until: number | undefined;
  #next = 250;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** How long to wait after a look that began at `asked`, in ms; undefined where there is to be no other. */
  next(asked: number): number | undefined {
    this.#until ??= asked + this.#patienceMs;
    if (asked >= this.#until) return undefined;
    const pause = this.#next;
    this.#next = Math.min(2 * pause, 5_000);
    return pause;
  }
}

async function look<R, O>(
  row: EffectRow<R, O>,
  steps: EffectSteps<R, O>,
): Promise<{ outcome: O } | { absent: boolean; error?: unknown }> {
  try {
    const outcome = await steps.find(row.request, row);
    return outcome === undefined ? { absent: true } : { outcome };
  } catch (error) {
    return { absent: false, error };
  }
}

function unknown(key: string, cause: unknown): EventsError {
  return new EventsError('EffectUnknown', `It is not known whether the effect ${key} took place: run it again later.`, {
    cause,
  });
}
