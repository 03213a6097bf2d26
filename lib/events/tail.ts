import { type Logger, silentLogger } from '#lib/observe';
import { readBatch } from './batch.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Transaction } from './database.ts';
import { type EventRow, toEvent } from './rows.ts';
import { dropStall, listStalls, readStalled, type Stall, saveStall, stalledStreams } from './stalls.ts';
import type { EventStore } from './store.ts';
import { type Cursor, type EventBody, START, type StoredEvent } from './types.ts';

export interface TailOptions<E extends EventBody> {
  readonly store: EventStore<E>;
  /** Names the durable cursor; two processes with one name share the work, never doing an event twice. */
  readonly name: string;
  /** Applies one event through `tx`; commits together with the cursor. Runs again from its start after an error or a deadlock. */
  readonly handle: (tx: Transaction, event: StoredEvent<E>) => Promise<void>;
  /** Events a transaction; default 100. The transaction must stay short: it holds back every other tail. */
  readonly batch?: number;
  /** How often to look without being woken, in ms; default 250. */
  readonly pollMs?: number;
  /** Registers a function to call when another process has appended, and returns the way to undo it. */
  readonly wakeups?: (wake: () => void) => () => void;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const MAX_BACKOFF_MS = 5_000;

/**
 * Follows the log from a durable cursor: every event once, in the order of its stream, its effect in the database committed in
 * the same transaction as the cursor. A stream with an event that this release cannot read is left behind and
 * recorded, the others go on; a later release takes it up from there when it starts.
 */
export class Tail<E extends EventBody = EventBody> {
  readonly #options: TailOptions<E>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #failures = 0;
  #idle = 0;
  #error: Error | undefined;

  constructor(options: TailOptions<E>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Begins to follow. An error of `handle` is logged and retried with growing waits, event by event. Safe to call twice. */
  start(): void {
    if (this.#running !== undefined) return;
    this.#stopping = new AbortController();
    this.#running = this.#run();
  }

  /** Resolves when the event in work is done and no more will be. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    this.#running = undefined;
  }

  /** Takes up streams left behind, then applies everything settled; returns how many events. Throws what `handle` throws. */
  async catchUp(): Promise<number> {
    let total = await this.#resume();
    for (let taken = await this.step(); taken > 0; taken = await this.step()) total += taken;
    return total;
  }

  /** Applies one batch; returns how many events it covered, 0 when there is nothing to take now. */
  async step(limit: number = this.#options.batch ?? 100): Promise<number> {
    const { store, name } = this.#options;
    const cursor = await this.cursor();
    const batch = await readBatch(store.db, cursor, limit);
    if (batch.rows.length === 0) return 0;
    const moved = await store.db.transaction(async (tx) => {
      const { rowCount } = await tx.query(
        'UPDATE tails SET txid = $4::xid8, pos = $5, moved_at = now() WHERE name = $1 AND txid = $2::xid8 AND pos = $3',
        [name, String(cursor.txid), cursor.pos, String(batch.cursor.txid), batch.cursor.pos],
      );
      if (rowCount === 0) return false;
      await this.#apply(tx, batch.rows, batch.gaps);
      return true;
    });
    // Another process with this name was first: look again from where it has come to.
    return moved ? batch.rows.length : this.step(limit);
  }

  /** The last error while following, until something succeeds again; and the streams left behind. */
  async status(): Promise<{ cursor: Cursor; error: Error | undefined; stalls: Stall[] }> {
    const cursor = await this.cursor();
    return { cursor, error: this.#error, stalls: await listStalls(this.#options.store.db, this.#options.name) };
  }

  /** The durable cursor; a tail that never ran begins before the first event. */
  async cursor(): Promise<Cursor> {
    const { store, name } = this.#options;
    const read = () => store.db.query<Cursor & { name: string }>('SELECT txid, pos FROM tails WHERE name = $1', [name]);
    const { rows } = await read();
    if (rows[0] !== undefined) return rows[0];
    await store.db.query('INSERT INTO tails (name, txid, pos) VALUES ($1, $2::xid8, $3) ON CONFLICT DO NOTHING', [
      name,
      String(START.txid),
      START.pos,
    ]);
    return (await read()).rows[0]!;
  }

  async #apply(tx: Transaction, rows: readonly EventRow[], gaps: ReadonlyMap<string, number>): Promise<void> {
    const { store, name, handle } = this.#options;
    const stalled = await stalledStreams(tx, name);
    for (const row of rows) {
      if (stalled.has(row.stream)) continue;
      const gap = row.version >= (gaps.get(row.stream) ?? Number.POSITIVE_INFINITY);
      if (!gap && store.reads(row.type, row.schema)) await handle(tx, toEvent<E>(row));
      else {
        const reason = gap ? 'VersionGap' : 'NewerEvent';
        await saveStall(tx, name, row, reason);
        stalled.add(row.stream);
        this.#logger.error(
          { tail: name, stream: row.stream, version: row.version, type: row.type, reason },
          'a stream was left behind',
        );
      }
    }
  }

  /** Streams left behind whose event can be read now are brought up to the cursor, each in one transaction. */
  async #resume(): Promise<number> {
    const { store, name } = this.#options;
    let total = 0;
    for (const stall of await listStalls(store.db, name)) {
      if (!store.reads(stall.type, stall.schema)) continue;
      total += await store.db.transaction(async (tx) => {
        const rows = await readStalled(tx, name, stall.stream);
        if (rows === undefined) return 0;
        await dropStall(tx, name, stall.stream);
        await this.#apply(tx, rows, new Map());
        return rows.length;
      });
    }
    return total;
  }

  async #run(): Promise<void> {
    const wake = (): void => this.#wake();
    const undo = [this.#options.store.onAppended(wake), this.#options.wakeups?.(wake)];
    for (let resumed = false; !this.#stopping.signal.aborted; ) {
      try {
        if (!resumed) await this.#resume();
        resumed = true;
        // After an error one event at a time, so that those before the failing one get through.
        const taken = await this.step(this.#failures > 0 ? 1 : undefined);
        this.#succeeded();
        if (taken === 0) await this.#pause();
        else this.#idle = 0;
      } catch (error) {
        await this.#failed(error as Error);
      }
    }
    for (const call of undo) call?.();
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#error = undefined;
  }

  async #failed(error: Error): Promise<void> {
    this.#failures += 1;
    if (this.#error?.message !== error.message)
      this.#logger.error({ err: error, tail: this.#options.name }, 'a tail could not go on');
    this.#error = error;
    await this.#clock.sleep(Math.min(100 * 2 ** (this.#failures - 1), MAX_BACKOFF_MS), this.#stopping.signal);
  }

  // What woke us may be held up by an older transaction for a moment: look again soon, then ever less often.
  async #pause(): Promise<void> {
    const ms = Math.min(this.#options.pollMs ?? 250, 5 * 2 ** this.#idle);
    this.#idle += 1;
    const timer = new AbortController();
    await Promise.race([this.#woken.promise, this.#clock.sleep(ms, timer.signal)]);
    timer.abort();
    this.#woken = Promise.withResolvers();
  }

  #wake(): void {
    this.#idle = 0;
    this.#woken.resolve();
  }
}
