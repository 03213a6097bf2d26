import { verifierObjects } from '#crds';
import {
  CONFIG_MAPS,
  isKubeError,
  type KubeClient,
  type KubeObject,
  type ObjectRef,
  type Resource,
  Retry,
} from '#lib/kube';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;
/** A ConfigMap holds a mebibyte; an entry has some two hundred bytes. */
const MOST_BYTES = 900_000;
const FRESH_MS = 2_000;
/**
 * How long it is remembered that a signature was taken back, in ms. It counts for nothing before the check has verified it, which it does of none that is
 * older than a day: after that there is nothing to be remembered.
 */
const REMEMBERED_MS = 7 * 86_400_000;

/** The object that a signature was verified in. */
export interface HeldIn extends ObjectRef {
  readonly namespace: string;
  readonly uid: string;
}

interface Entry {
  /** Every object that it was verified in. */
  readonly in: readonly HeldIn[];
  /** One of them is gone: the signature is taken back for good. */
  readonly revoked: boolean;
  /** When that was found, in ms. */
  readonly at?: number;
}

type Entries = ReadonlyMap<string, Entry>;

/** How signatures stand; of one that nobody has written down neither is true. */
export interface Standing {
  /** It counted once, in all respects, and nobody took it back. */
  readonly counted: (signature: string) => boolean;
  readonly revoked: (signature: string) => boolean;
}

/**
 * Which signatures were counted, and which of them were taken back by deleting an Approval that held them. A signature is written down before it
 * counts, so that the deletion of its object is found also where nobody watched when it happened, and the same bundle filed again counts for
 * nothing. All replicas share one ConfigMap, which nobody of the rig but the verifier may write.
 */
export class Signatures {
  readonly #client: Pick<KubeClient, 'find' | 'create' | 'replace'>;
  readonly #namespace: string;
  readonly #now: () => number;
  #last: { readonly at: number; readonly map: ConfigMap | undefined; readonly entries: Entries } | undefined;

  constructor(client: Pick<KubeClient, 'find' | 'create' | 'replace'>, namespace: string, now: () => number) {
    this.#client = client;
    this.#namespace = namespace;
    this.#now = now;
  }

  /** How signatures stand, read at most `maxAgeMs` (default two seconds) ago. Throws KubeError, and Retry where what is there cannot be understood. */
  async standing(maxAgeMs: number = FRESH_MS): Promise<Standing> {
    const { entries } = await this.#read(maxAgeMs);
    return {
      counted: (signature) => entries.get(signature)?.revoked === false,
      revoked: (signature) => entries.get(signature)?.revoked === true,
    };
  }

  /** Writes down that a signature counts while this object is there; resolves when that cannot be lost. Twice is harmless. */
  async hold(signature: string, held: HeldIn): Promise<void> {
    const same = ({ entries }: { entries: Entries }) =>
      entries.get(signature)?.in.some(({ uid }) => uid === held.uid) === true;
    await this.#change(same, (entries) => {
      const was = entries.get(signature) ?? { in: [], revoked: false };
      return new Map(entries).set(signature, { ...was, in: [...was.in, held] });
    });
  }

  /**
   * Takes back each signature of which an object is gone, and forgets those that were taken back so long ago that they could count no more. `isThere`
   * asks the API server itself: a cache may be behind.
   */
  async sweep(isThere: (held: HeldIn) => Promise<boolean>): Promise<void> {
    const { entries } = await this.#read(FRESH_MS);
    const gone: string[] = [];
    for (const [signature, { in: objects, revoked, at }] of entries)
      if (revoked && at === undefined) gone.push(signature);
      else if (!revoked) for (const held of objects) if (!(await isThere(held))) gone.push(signature);
    const past = [...entries].filter(([, { at }]) => at !== undefined && this.#now() - at > REMEMBERED_MS);
    if (gone.length === 0 && past.length === 0) return;
    const told = ({ entries: now }: { entries: Entries }) =>
      gone.every((one) => now.get(one)?.at !== undefined) && past.every(([one]) => !now.has(one));
    await this.#change(told, (now) => {
      const changed = new Map(now);
      // Where they were does not matter any more.
      for (const signature of gone) changed.set(signature, { in: [], revoked: true, at: this.#now() });
      for (const [signature] of past) changed.delete(signature);
      return changed;
    });
  }

  async #read(maxAgeMs: number) {
    if (this.#last !== undefined && this.#now() - this.#last.at <= maxAgeMs) return this.#last;
    const at = this.#now();
    const map = await this.#find();
    this.#last = { at, map, entries: entriesOf(map) };
    return this.#last;
  }

  /** Reads, changes and writes, again where another replica wrote in between. */
  async #change(isDone: (now: { entries: Entries }) => boolean, change: (entries: Entries) => Entries): Promise<void> {
    if (this.#last !== undefined && isDone(this.#last)) return;
    for (let tries = 0; tries < 5; tries += 1) {
      const now = await this.#read(-1);
      if (isDone(now)) return;
      const entries = change(now.entries);
      try {
        this.#last = { at: this.#now(), map: await this.#write(now.map, entries), entries };
        return;
      } catch (error) {
        this.#last = undefined;
        if (!isKubeError(error, 'Conflict') && !isKubeError(error, 'AlreadyExists')) throw error;
      }
    }
    throw new Retry('FactUnknown', 'Others write down signatures at the same time; it is tried again.');
  }

  #write(before: ConfigMap | undefined, entries: Entries): Promise<ConfigMap> {
    const data = Object.fromEntries([...entries].map(([signature, entry]) => [signature, JSON.stringify(entry)]));
    if (Buffer.byteLength(JSON.stringify(data)) > MOST_BYTES)
      throw new Retry(
        'FactUnknown',
        'So many Approvals count that no more can be written down: delete those whose change is merged and applied.',
      );
    const metadata = { namespace: this.#namespace, name: verifierObjects.signatures };
    if (before === undefined) return this.#client.create(MAPS, { metadata, data } as ConfigMap);
    const { resourceVersion } = before.metadata;
    return this.#client.replace(MAPS, { metadata: { ...metadata, resourceVersion }, data } as ConfigMap);
  }

  #find(): Promise<ConfigMap | undefined> {
    return this.#client.find(MAPS, { namespace: this.#namespace, name: verifierObjects.signatures });
  }
}

/** Throws Retry for an entry that is none: what cannot be read may be a revocation. */
function entriesOf(map: ConfigMap | undefined): Entries {
  return new Map(
    Object.entries(map?.data ?? {}).map(([signature, text]) => {
      const entry = parsed(text);
      if (entry === null)
        throw new Retry(
          'FactUnknown',
          `The entry ${signature} of ConfigMap ${verifierObjects.signatures} cannot be understood; rig:root mends it.`,
        );
      return [signature, entry];
    }),
  );
}

function parsed(text: string): Entry | null {
  try {
    const { in: objects, revoked, at } = JSON.parse(text) as Partial<Entry>;
    if (!Array.isArray(objects) || typeof revoked !== 'boolean') return null;
    return { in: objects, revoked, ...(typeof at === 'number' ? { at } : {}) };
  } catch {
    return null;
  }
}
