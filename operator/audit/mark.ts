import { type Listening, listeningFrom } from '#domain';
import { type Logger, type Metrics, noMetrics } from '#lib/observe';
import { farther, type Position, shortfall } from './position.ts';
import { advanced, type Mark, type MarkRecord } from './record.ts';

/** Whether what this process does may stand on its database. */
export interface Standing {
  /** Null where it may; else one sentence for people: why it may not, and what helps. */
  behind(): string | null;
}

export interface MarkKeeperOptions {
  readonly record: MarkRecord;
  readonly position: () => Promise<Position>;
  /** As `readLostSince`; noted with being behind, while the database still is as it was restored. */
  readonly lostSince: (stood: number) => Promise<number>;
  readonly now: () => number;
  readonly logger: Logger;
  /** Default none. */
  readonly metrics?: Metrics;
  /** Called when the database was found behind; what was claimed by its word ends here. */
  readonly onBehind?: (why: string) => void;
  /** Called once a person has recovered the database: what this process remembers is of the time that was lost, so it begins anew. */
  readonly onRecovered?: () => void;
}

const LOOK_MS = 2_000;
/** A mark is never older than 30 s while a leader lives. */
const WRITE_MS = 10_000;

/** Three looks of ten seconds, which a query may take. */
const DEAF_MS = 30_000;
const isDeaf = (heardAt: number, now: number): boolean => Math.abs(now - heardAt) > DEAF_MS;

const HELP =
  'Nothing is claimed, merged or given to a task until a person restores a newer backup and runs rig recover, or runs it on this one.';

/**
 * Compares the database with the mark that the leader keeps outside it. A database that is behind was restored from a backup, and what it
 * does not remember was done all the same: nothing is done on its word until a person recovers it. Unread counts as behind.
 */
export class MarkKeeper implements Standing {
  readonly #options: MarkKeeperOptions;
  #leads = false;
  #listening: Listening | undefined;
  /** When the leader last saw that it could be told something. */
  #heardAt = 0;
  #behind: string | null = 'The mark of the database has not been read yet; nothing is done before that.';
  /** Why the database was found behind: what this process gave up for it, it does not take up again. */
  #fallen: string | null = null;
  /** The farthest that this process saw, which is newer than what the ConfigMap holds. */
  #seen: Position | undefined;
  /** When this process last saw the database not to be behind. */
  #stoodAt = 0;
  #recoveries: number | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: MarkKeeperOptions) {
    this.#options = options;
  }

  behind(): string | null {
    return this.#behind;
  }

  /** Looks now, and every two seconds until the signal aborts. Never rejects: what could not be read is logged and stays as it was. */
  async start(signal: AbortSignal): Promise<void> {
    await this.check();
    if (signal.aborted) return;
    const timer = setInterval(() => void this.check(), LOOK_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /**
   * Since when conductors listen, as the leader knows it. What the database cannot be told was not heard: while it has not been seen for half a minute nobody
   * has been listening yet.
   */
  listening(): Listening {
    const now = this.#options.now();
    const deaf = this.#listening === undefined || isDeaf(this.#heardAt, now);
    return deaf ? listeningFrom(now, null) : this.#listening!;
  }

  /**
   * From now on this process writes the mark, until the signal aborts, and with it since when conductors listen: the mark of the one before says until when
   * that was there. Throws while it is not known how the database stands.
   */
  async lead(signal: AbortSignal): Promise<void> {
    const { record, now } = this.#options;
    const before = await record.read().catch(() => null);
    const { listening: known, writtenAt = 0 } = before ?? {};
    this.#heardAt = now();
    this.#listening = listeningFrom(this.#heardAt, known === undefined ? null : { listening: known, until: writtenAt });
    this.#leads = true;
    signal.addEventListener('abort', () => {
      this.#leads = false;
    });
    await this.check();
    if (this.#recoveries === undefined) throw new Error(this.#behind ?? 'The mark of the database is not known.');
  }

  /** One look; two at once are one. */
  check(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((err: unknown) => this.#options.logger.warn({ err }, 'the mark of the database could not be checked'))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  /** Resolves when it asks the database nothing any more. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { record, position, now } = this.#options;
    // The mark first: a database that goes on is then never behind what was read of it.
    const mark = await record.read().catch((error: unknown) => this.#unread(error));
    if (mark !== null && this.#recoveries !== undefined && mark.recoveries > this.#recoveries) return this.#recovered();
    const at = now();
    const found = await position();
    const known = this.#known(mark);
    const short = known === undefined ? [] : shortfall(found, known);
    const why = mark?.behind?.why ?? this.#fallen ?? (short.length === 0 ? null : `${short.join('; ')}.`);
    if (why !== null) await this.#fall(why, found, mark);
    else await this.#stand(found, mark, at);
    this.#measure(mark ?? null, now());
  }

  /** A process that has read the mark once goes on with what it remembers; before that nothing is known. */
  #unread(error: unknown): Mark | null {
    if (this.#seen === undefined) {
      this.#behind = `The mark of the database cannot be read, so nothing is done: ${(error as Error).message}`;
      throw error;
    }
    this.#options.logger.warn({ err: error }, 'the mark of the database could not be read');
    return null;
  }

  #known(mark: Mark | null): Position | undefined {
    if (mark === null) return this.#seen;
    return this.#seen === undefined ? mark.position : farther(mark.position, this.#seen);
  }

  async #stand(found: Position, mark: Mark | null, at: number): Promise<void> {
    const { now } = this.#options;
    this.#stoodAt = at;
    if (this.#leads) this.#hear(at);
    this.#seen = this.#seen === undefined ? found : farther(this.#seen, found);
    this.#recoveries ??= mark?.recoveries ?? 0;
    this.#behind = null;
    if (this.#leads && (mark === null || now() - mark.writtenAt >= WRITE_MS)) await this.#write();
  }

  /** A database that was away, or a machine that slept, is a gap as a restart is. */
  #hear(at: number): void {
    const until = this.#heardAt;
    this.#heardAt = at;
    if (this.#listening !== undefined && isDeaf(until, at))
      this.#listening = listeningFrom(at, { listening: this.#listening, until });
  }

  /** Never over a mark that a recovery has set since: what this process saw was lost then. */
  async #write(): Promise<void> {
    const { record, now } = this.#options;
    await record.update((mark) =>
      mark !== null && (mark.behind !== null || mark.recoveries !== this.#recoveries)
        ? null
        : { ...advanced(mark, this.#seen!, now()), ...(this.#listening && { listening: this.#listening }) },
    );
  }

  /** Written down at once: a database that is behind may catch up with the mark by being used, and is not the old one for that. */
  async #fall(why: string, found: Position, mark: Mark | null): Promise<void> {
    const { record, now, logger, onBehind } = this.#options;
    const sentence = `The database is older than what this conductor has already done: ${why} ${HELP}`;
    this.#recoveries ??= mark?.recoveries ?? 0;
    this.#fallen = why;
    if (this.#behind !== sentence) {
      logger.error({ why, found: { ...found, txid: String(found.txid) } }, 'the database is behind its mark');
      this.#behind = sentence;
      onBehind?.(sentence);
    }
    if (mark?.behind !== null && mark?.behind !== undefined) return;
    const lostSince = await this.#lostSince(mark);
    await record.update((newest) => {
      const kept = newest ?? (this.#seen === undefined ? null : advanced(null, this.#seen, this.#stoodAt));
      if (kept === null || kept.behind !== null || kept.recoveries !== this.#recoveries) return null;
      return { ...kept, behind: { why, since: now(), lostSince } };
    });
  }

  /** Null where it cannot be read now: a recovery finds it out then. */
  async #lostSince(mark: Mark | null): Promise<number | null> {
    return this.#options.lostSince(mark?.writtenAt ?? this.#stoodAt).catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'the newest event of the restored database could not be read');
      return null;
    });
  }

  #recovered(): void {
    const { logger, onRecovered } = this.#options;
    this.#behind = 'The database was recovered; this process ends, to begin again on what it says now.';
    this.#recoveries = Number.MAX_SAFE_INTEGER;
    logger.warn({}, 'the database was recovered');
    onRecovered?.();
  }

  #measure(mark: Mark | null, now: number): void {
    const metrics = this.#options.metrics ?? noMetrics;
    metrics.set('rig_database_behind', {}, this.#behind === null ? 0 : 1);
    metrics.set('rig_database_mark_age_seconds', {}, mark === null ? 0 : Math.max(0, now - mark.writtenAt) / 1_000);
  }
}
