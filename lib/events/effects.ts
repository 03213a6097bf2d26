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
   * Looks for it at the other side (a marker, a listing since `row.createdAt`): its outcome, or undefined when it is not there. Throws when
   * that cannot be told.
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
  /** How long one call of `run` looks for an unknown outcome before it throws, in ms; default twice the window. */
  readonly patienceMs?: number;
  /**
   * Since when what was done to a subject may be missing here, because the database was restored from a backup; null for never. An effect on it
   * that is new here is looked for before it is performed.
   */
  readonly doubtSince?: (subject: string) => Promise<Date | null>;
  /** Effects in work at a time in this process, each with a database session; default 4. */
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
   * unknown outcome (crash, timeout) it is looked for until the window has passed, and only then repeated.
   *
   * Throws `StaleEpoch` when `epoch` is not the leader's; `EffectRefused` with the stored reason (try again under another key);
   * `EffectNotPerformed` and `EffectUnknown`, after which the same key may be run again; `EffectReused`.
   */
  async run<R, O>(effect: EffectRequest<R>, steps: EffectSteps<R, O>): Promise<O> {
    await ensureEffect<R, O>(this.#db, effect, this.#date(), await this.#doubtSince(effect.subject));
    for (let ready = steps.ready === undefined; ; ) {
      const settled = await this.#settled<R, O>(effect);
      if (settled !== undefined) return settled.outcome;
      if (!ready) {
        await steps.ready?.();
        ready = true;
        continue;
      }
      const worked = await this.#slots.use(() => this.#workLocked(effect, steps));
      if (!worked) await this.#clock.sleep(LOCK_POLL_MS);
    }
  }

  /** The outcome if there is one; throws when the caller may not go on. */
  async #settled<R, O>(effect: EffectRequest<R>): Promise<{ outcome: O } | undefined> {
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
    return row.state === 'succeeded' ? { outcome: row.outcome as O } : undefined;
  }

  /** Works on the effect if nobody else does; false when somebody does. */
  async #workLocked<R, O>(effect: EffectRequest<R>, steps: EffectSteps<R, O>): Promise<boolean> {
    const lock = await tryLock(this.#db, effect.key);
    if (lock === undefined) {
      const row = await readEffect(this.#db, effect.key);
      if (row !== undefined && row.epoch < effect.epoch) await evictHolder(this.#db, effect.key);
      return false;
    }
    try {
      await adoptEffect(this.#db, effect.key, effect.epoch);
      const row = (await readEffect<R, O>(this.#db, effect.key))!;
      if (row.state === 'started') await this.#resolve(row, effect.epoch, steps);
      else if (row.state === 'planned') await this.#attempt(row, effect.epoch, steps);
      return true;
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

  /** Settles an attempt of which only the beginning is known; when it did not take place, by one more. */
  async #resolve<R, O>(row: EffectRow<R, O>, epoch: number, steps: EffectSteps<R, O>): Promise<void> {
    const found = await this.#lookFor(row, steps);
    if (found !== undefined) {
      await endAttempt(this.#db, row.key, row.attempt, { state: 'succeeded', outcome: found.outcome }, this.#date());
      return;
    }
    const cause = await this.#attempt(row, epoch, steps);
    if (cause !== undefined) throw unknown(row.key, cause);
  }

  /** Looks until it is found, or a look begun after the window did not find it. */
  async #lookFor<R, O>(row: EffectRow<R, O>, steps: EffectSteps<R, O>): Promise<{ outcome: O } | undefined> {
    const closes = (row.startedAt?.getTime() ?? this.#clock.now()) + this.#windowMs;
    const patience = this.#clock.now() + this.#patienceMs;
    for (let wait = 250; ; wait = Math.min(2 * wait, 5_000)) {
      const asked = this.#clock.now();
      const answer = await look(row, steps);
      if ('outcome' in answer) return answer;
      if (answer.absent && asked >= closes) return undefined;
      if (asked >= patience) throw unknown(row.key, answer.error);
      await this.#clock.sleep(asked < closes ? Math.min(wait, closes - asked) : wait);
    }
  }

  #date(): Date {
    return new Date(this.#clock.now());
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
