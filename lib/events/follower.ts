import { type Logger, silentLogger } from '#lib/observe';
import { isUnsettled, readBatch } from './batch.ts';
import { type Clock, systemClock } from './clock.ts';
import type { EventStore } from './store.ts';
import type { Cursor } from './types.ts';

/** An event as a follower tells it: who wants what is in it reads its stream. */
export interface Appended {
  readonly stream: string;
  readonly version: number;
  readonly type: string;
}

export interface FollowerOptions {
  readonly store: EventStore;
  /** Told each event. What it throws is logged, and the events of its batch are told again. */
  readonly onAppended: (event: Appended) => Promise<void> | void;
  /** Registers a function to call when another process has appended, and returns the way to undo it. */
  readonly wakeups?: (wake: () => void) => () => void;
  /** How often to look without being woken, in ms; default 1,000. */
  readonly pollMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const BATCH = 500;
/** Nobody tells when a transaction has ended that kept events back. */
const UNSETTLED_MS = 20;

/**
 * Tells what any process appends from the moment of its start on: every event at least once, whether this release can read it or not.
 * It keeps no place in the database, so each process may follow for itself; what must survive a restart is a Tail's.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #running: Promise<void> = Promise.resolve();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Resolves once it knows where the log ends; what is appended from then on is told until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const cursor = await this.#end();
    if (!signal.aborted) this.#running = this.#run(cursor, signal);
  }

  /** Resolves when it tells nothing any more: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Behind every transaction that has ended. One that is still running shows up later, and is told then. */
  async #end(): Promise<Cursor> {
    const { rows } = await this.#options.store.db.query('SELECT pg_snapshot_xmin(pg_current_snapshot()) AS txid');
    return { txid: rows[0].txid, pos: 0 };
  }

  async #run(from: Cursor, signal: AbortSignal): Promise<void> {
    let woken = Promise.withResolvers<void>();
    const undo = this.#options.wakeups?.(() => woken.resolve());
    for (let cursor = from; !signal.aborted; ) {
      const next = await this.#step(cursor);
      if (next !== cursor) {
        cursor = next;
        continue;
      }
      const pollMs = this.#options.pollMs ?? 1_000;
      const waitMs = (await this.#unsettled(cursor)) ? Math.min(UNSETTLED_MS, pollMs) : pollMs;
      await this.#pause(waitMs, woken.promise, signal);
      woken = Promise.withResolvers();
    }
    undo?.();
  }

  async #pause(ms: number, woken: Promise<void>, signal: AbortSignal): Promise<void> {
    // What aborted during the look tells nobody who listens from now on.
    if (signal.aborted) return;
    const pause = new AbortController();
    const stop = () => pause.abort();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([woken, this.#clock.sleep(ms, pause.signal)]);
    signal.removeEventListener('abort', stop);
    pause.abort();
  }

  async #unsettled(cursor: Cursor): Promise<boolean> {
    return isUnsettled(this.#options.store.db, cursor).catch(() => false);
  }

  /** Tells one batch and answers the place behind it; the same place when there is nothing to tell, or it could not be read. */
  async #step(cursor: Cursor): Promise<Cursor> {
    try {
      const batch = await readBatch(this.#options.store.db, cursor, BATCH);
      for (const { stream, version, type } of batch.rows) await this.#options.onAppended({ stream, version, type });
      return batch.rows.length === 0 ? cursor : batch.cursor;
    } catch (err) {
      this.#logger.warn({ err }, 'the log could not be followed');
      return cursor;
    }
  }
}
