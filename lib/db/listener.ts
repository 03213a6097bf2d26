import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Logger, silentLogger } from '#lib/observe';
import { requireIdentifier } from './identifier.ts';
import { KEEP_ALIVE_MS } from './pool.ts';

export interface ListenerOptions {
  readonly applicationName: string;
  readonly logger?: Logger;
  /** The wait before try `n` (from 1) to connect again, in ms; default doubles from 100 to 5,000 with a random half. */
  readonly backoff?: (n: number) => number;
}

/**
 * Hears NOTIFY on one connection of its own and opens it again when it breaks. Because a notification may be lost meanwhile,
 * every subscriber is called once after each (re)connection: a call means "look now", nothing more.
 */
export class Listener {
  readonly #url: string;
  readonly #options: ListenerOptions;
  readonly #logger: Logger;
  readonly #subscribers = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();
  #client: pg.Client | undefined;
  #running: Promise<void> | undefined;

  constructor(url: string, options: ListenerOptions) {
    this.#url = url;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Calls `fn` at every notification on `channel`, until the returned function is called. `fn` must not throw. */
  subscribe(channel: string, fn: () => void): () => void {
    requireIdentifier(channel);
    const known = this.#subscribers.get(channel) ?? new Set();
    known.add(fn);
    if (!this.#subscribers.has(channel)) {
      this.#subscribers.set(channel, known);
      this.#client?.query(`LISTEN ${channel}`).then(fn, () => undefined);
    }
    this.#running ??= this.#run();
    return () => void known.delete(fn);
  }

  /** Ends the connection and calls nobody any more. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      const started = await this.#session().catch((err: unknown) => {
        this.#logger.warn({ err }, 'could not listen for notifications');
        return false;
      });
      failures = started ? 1 : failures + 1;
      const wait = (this.#options.backoff ?? defaultBackoff)(failures);
      await delay(wait, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  /** One connection from its start to its end; true when it was listening in between. */
  async #session(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: this.#options.applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: 10_000,
      query_timeout: 10_000,
    });
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', (err) => this.#logger.debug({ err }, 'the listening connection failed'));
    client.on('notification', ({ channel }) => this.#call(channel));
    try {
      await client.connect();
      for (const channel of this.#subscribers.keys()) await client.query(`LISTEN ${channel}`);
      // Set late: a channel subscribed meanwhile is in the map and is listened to in the loop above.
      this.#client = client;
      if (this.#closing.signal.aborted) return true;
      for (const channel of this.#subscribers.keys()) this.#call(channel);
      await ended;
      return true;
    } finally {
      this.#client = undefined;
      await client.end().catch(() => undefined);
    }
  }

  #call(channel: string): void {
    for (const fn of this.#subscribers.get(channel) ?? []) fn();
  }
}

function defaultBackoff(n: number): number {
  const base = Math.min(100 * 2 ** (n - 1), 5_000);
  return base / 2 + (Math.random() * base) / 2;
}
