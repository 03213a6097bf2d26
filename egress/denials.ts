import { type Reason, reason as reasonOf } from '#crds';
import type { EgressTarget } from '#domain';
import type { TaskCaller } from '#lib/conductor';
import { type Logger, withCorrelation } from '#lib/observe';

/** Refused connections of one task to one host since the last time it was told. */
export interface Denial {
  readonly namespace: string;
  readonly task: string;
  /** `*` sums up the hosts of a task that tries more than {@link MAX_HOSTS} of them. */
  readonly host: string;
  /** Null where there were several. */
  readonly port: number | null;
  readonly reason: Reason;
  readonly count: number;
}

export type WriteDenial = (denial: Denial) => Promise<void>;

interface Entry {
  readonly denial: Omit<Denial, 'count' | 'port' | 'reason'>;
  /** The stream of the task's Issue. */
  readonly stream: string | null;
  port: number | null;
  reason: Reason;
  pending: number;
  /** When it was last told. */
  at: number;
}

const QUIET_MS = 60_000;
/** Hosts of one task that are told one by one. */
export const MAX_HOSTS = 20;

/**
 * Tells what was refused without letting a script in a loop flood the log: the first refusal of a host at once, what follows at most
 * once a minute with its count, and of a task that tries many hosts all further ones as one.
 */
export class Denials {
  readonly #write: WriteDenial;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #tasks = new Map<string, Map<string, Entry>>();
  readonly #writing = new Set<Promise<void>>();

  constructor(write: WriteDenial, options: { now: () => number; logger: Logger }) {
    this.#write = write;
    this.#now = options.now;
    this.#logger = options.logger;
  }

  record({ namespace, task, uid, issue }: TaskCaller, { host, port }: EgressTarget, reason: Reason): void {
    const hosts = this.#tasks.get(uid) ?? new Map<string, Entry>();
    this.#tasks.set(uid, hosts);
    const key = hosts.has(host) || hosts.size < MAX_HOSTS ? host : '*';
    const several = key === '*';
    const known = hosts.get(key);
    const denial = { namespace, task, host: key };
    const entry = known ?? { denial, stream: issue, port: null, reason, pending: 0, at: -Infinity };
    entry.port = several || (entry.pending > 0 && entry.port !== port) ? null : port;
    entry.reason = several ? reasonOf('HostNotListed') : reason;
    entry.pending += 1;
    hosts.set(key, entry);
    if (known === undefined) this.#tell(entry);
  }

  /** Tells what is due, and forgets what has been quiet. Called every second or so. */
  sweep(): void {
    for (const [uid, hosts] of this.#tasks) {
      for (const [key, entry] of hosts) {
        if (this.#now() - entry.at < QUIET_MS) continue;
        if (entry.pending > 0) this.#tell(entry);
        else hosts.delete(key);
      }
      if (hosts.size === 0) this.#tasks.delete(uid);
    }
  }

  /** Tells everything that is left; resolves when it is written. */
  async close(): Promise<void> {
    for (const hosts of this.#tasks.values())
      for (const entry of hosts.values()) if (entry.pending > 0) this.#tell(entry);
    await Promise.all(this.#writing);
  }

  #tell(entry: Entry): void {
    const { port, reason, pending: count, stream } = entry;
    const denial = { ...entry.denial, port, reason, count };
    entry.pending = 0;
    entry.at = this.#now();
    withCorrelation(stream, () => this.#logger.info(denial, 'connections refused'));
    const writing = this.#write(denial).catch((err: unknown) => {
      entry.pending += count;
      this.#logger.warn({ err, ...denial }, 'a refused connection could not be recorded yet');
    });
    this.#writing.add(writing);
    writing.finally(() => this.#writing.delete(writing));
  }
}
