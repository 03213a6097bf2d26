import type { Gap, Listening } from '#domain';
import { CONFIG_MAPS, isKubeError, type KubeClient, type KubeObject, type Resource } from '#lib/kube';
import { farther, type Position } from './position.ts';

export const MARK_NAME = 'rig-conductor-mark';

export interface Behind {
  readonly why: string;
  /** When it was seen, in ms since the epoch. */
  readonly since: number;
  /** From here on (ms since the epoch) the database may not know what was done, see `readLostSince`; null where that was not found out yet. */
  readonly lostSince: number | null;
}

/** What the operator keeps outside the database of how far that has come. */
export interface Mark {
  readonly position: Position;
  /** ms since the epoch. */
  readonly writtenAt: number;
  /** Set once the database was seen behind the mark. Only a recovery takes it away. */
  readonly behind: Behind | null;
  /** Recoveries so far. */
  readonly recoveries: number;
  /** Since when conductors listened when it was written; left out where that is not known. */
  readonly listening?: Listening;
}

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;
const TRIES = 5;

/** The ConfigMap that holds the mark. Written by the leader and by a recovery alone, each on what it has just read. */
export class MarkRecord {
  readonly #client: KubeClient;
  readonly #ref: { namespace: string; name: string };

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#ref = { namespace, name: MARK_NAME };
  }

  /** Null where there is none yet. Throws where it cannot be read, or reads like nothing this program wrote. */
  async read(): Promise<Mark | null> {
    const map = await this.#client.find(MAPS, this.#ref);
    return map === undefined ? null : parse(map.data ?? {});
  }

  /** Writes what `change` makes of the mark as it is, again from the start when somebody else was faster; null leaves it as it is. */
  async update(change: (mark: Mark | null) => Mark | null): Promise<Mark | null> {
    for (let attempt = 1; ; attempt += 1) {
      const map = await this.#client.find(MAPS, this.#ref);
      const before = map === undefined ? null : parse(map.data ?? {});
      const after = change(before);
      if (after === null) return before;
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...this.#ref }, data: format(after) };
      try {
        if (map === undefined) await this.#client.create(MAPS, object);
        else
          await this.#client.replace(MAPS, {
            ...object,
            metadata: { ...map.metadata, ...this.#ref },
          });
        return after;
      } catch (error) {
        if (!isKubeError(error, 'Conflict', 'AlreadyExists') || attempt >= TRIES) throw error;
      }
    }
  }
}

/** The mark after the database was seen at `found`, not behind it. */
export function advanced(mark: Mark | null, found: Position, at: number): Mark {
  if (mark === null) return { position: found, writtenAt: at, behind: null, recoveries: 0 };
  return { ...mark, position: farther(mark.position, found), writtenAt: at };
}

function format({ position, writtenAt, behind, recoveries, listening }: Mark): Record<string, string> {
  return {
    system: position.system,
    epoch: String(position.epoch),
    fence: String(position.fence),
    txid: String(position.txid),
    writtenAt: new Date(writtenAt).toISOString(),
    recoveries: String(recoveries),
    ...(behind === null ? {} : formatBehind(behind)),
    ...(listening && {
      listening: JSON.stringify([listening.upSince, listening.gaps.map(({ from, to }) => [from, to])]),
    }),
  };
}

function formatBehind({ why, since, lostSince }: Behind): Record<string, string> {
  return {
    behind: why,
    behindSince: new Date(since).toISOString(),
    ...(lostSince === null ? {} : { lostSince: new Date(lostSince).toISOString() }),
  };
}

function parse(data: Record<string, string>): Mark {
  const { system, epoch, fence, txid, writtenAt, recoveries, listening: told } = data;
  const whole = [epoch, fence, txid, recoveries].every((text) => /^\d{1,20}$/.test(text ?? ''));
  if (!whole || !system || Number.isNaN(Date.parse(writtenAt ?? '')))
    throw new TypeError(
      `ConfigMap ${MARK_NAME} does not read as the conductor wrote it: put it back from a backup, or delete it once the database is known to be the newest there is.`,
    );
  const listening = parseListening(told);
  return {
    ...(listening && { listening }),
    position: { system, epoch: Number(epoch), fence: Number(fence), txid: BigInt(txid!) },
    writtenAt: Date.parse(writtenAt!),
    recoveries: Number(recoveries),
    behind: parseBehind(data),
  };
}

/** Undefined where it is not there, or is nothing that this program wrote: then it is not known. */
function parseListening(text: string | undefined): Listening | undefined {
  try {
    const [upSince, spans] = JSON.parse(text ?? 'null');
    const gaps: Gap[] = spans.map(([from, to]: unknown[]) => ({ from, to }));
    const times = [upSince, ...gaps.flatMap(({ from, to }) => [from, to])];
    const isOrdered = times.every((time, at) => Number.isFinite(time) && (at === 0 || times[at - 1] <= time));
    return isOrdered ? { upSince, gaps } : undefined;
  } catch {
    return undefined;
  }
}

/** A person may set `behind` alone. */
function parseBehind({ behind, behindSince, lostSince, writtenAt }: Record<string, string>): Behind | null {
  if (behind === undefined) return null;
  const lost = Date.parse(lostSince ?? '');
  return {
    why: behind,
    since: Date.parse(behindSince ?? writtenAt!),
    lostSince: Number.isNaN(lost) ? null : lost,
  };
}
