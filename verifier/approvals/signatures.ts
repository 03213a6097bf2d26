import { verifierObjects } from '#crds';
import type { KubeObject, ObjectRef } from '#lib/kube';
import { EntryMap, type MapClient } from './entry-map.ts';
import { type KeptConsent, KeptConsents } from './kept-consents.ts';

const FRESH_MS = 2_000;
/**
 * How long it is remembered that a signature was taken back, in ms. It counts for nothing before the check has verified it, which it does of none that is
 * older than a day: after that there is nothing to be remembered but what it had consented to ({@link KeptConsents}).
 */
const REMEMBERED_MS = 7 * 86_400_000;

/** The object that a signature was seen in. */
export interface HeldIn extends ObjectRef {
  readonly namespace: string;
  readonly uid: string;
}

/** An object as what a signature is held in. */
export function heldIn({ metadata }: KubeObject): HeldIn {
  return { namespace: metadata.namespace!, name: metadata.name!, uid: metadata.uid! };
}

interface Entry {
  /** Every object that it was seen in. */
  readonly in: readonly HeldIn[];
  /** One of them is gone: the signature is taken back for good. */
  readonly revoked: boolean;
  /** It fitted once, in all respects. */
  readonly counted: boolean;
  /** What it consents to is kept; false where that is nothing. Null in what an older verifier wrote, which kept none. */
  readonly kept: boolean | null;
  /** When it was found taken back, in ms. */
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
 * Which signatures of listed people were seen, which of them counted and for what, and which were taken back by deleting an Approval that held them. A
 * signature is written down when it is first seen, so that the deletion of its object is found also where it did not fit yet, or where nobody watched
 * when it happened, and the same bundle filed again counts for nothing; and what it consents to before it counts, for that stands against older
 * consents for good. All replicas share the ConfigMaps, which nobody of the rig but the verifier may write.
 */
export class Signatures {
  readonly #map: EntryMap<Entry>;
  readonly #consents: KeptConsents;
  readonly #now: () => number;

  constructor(client: MapClient, namespace: string, now: () => number) {
    const full =
      'So many Approvals of listed people are there that no more can be written down: delete those that were superseded, or whose change is merged and applied.';
    const ref = { namespace, name: verifierObjects.signatures };
    this.#map = new EntryMap(client, { ref, parse, print: JSON.stringify, full, now });
    this.#consents = new KeptConsents(client, namespace, now);
    this.#now = now;
  }

  /** How signatures stand, read at most `maxAgeMs` (default two seconds) ago. Throws KubeError, and Retry where what is there cannot be understood. */
  async standing(maxAgeMs: number = FRESH_MS): Promise<Standing> {
    const entries = await this.#map.read(maxAgeMs);
    const stands = (signature: string) => entries.get(signature)?.revoked === false;
    return {
      counted: (signature) => stands(signature) && entries.get(signature)?.counted === true,
      revoked: (signature) => entries.get(signature)?.revoked === true,
    };
  }

  /**
   * Finds what was consented to and counted, by a digest that it named, also where it was taken back since. Read at most `maxAgeMs` (default two
   * seconds) ago. Throws KubeError, and Retry where what is there cannot be understood, or not all of it is there.
   */
  async consents(maxAgeMs: number = FRESH_MS): Promise<(digest: string) => readonly KeptConsent[]> {
    const entries = await this.#map.read(maxAgeMs);
    return this.#consents.finder([...entries].filter(([, { kept }]) => kept === true).map(([signature]) => signature));
  }

  /**
   * Writes down that an object holds this signature, and what it consents to once it fits; null before. Resolves when that cannot be lost. Twice is
   * harmless, and what fitted once goes on counting.
   */
  async hold(signature: string, held: HeldIn, consent: Omit<KeptConsent, 'signature'> | null): Promise<void> {
    const kept = consent !== null && consent.manifests.length > 0;
    // Nothing counts whose consent could be forgotten.
    if (kept) await this.#consents.keep({ ...consent, signature });
    const holds = ({ in: objects }: Entry) => objects.some(({ uid }) => uid === held.uid);
    const same = (entry: Entry | undefined) =>
      entry !== undefined &&
      (entry.revoked || (holds(entry) && (consent === null || (entry.counted && entry.kept !== null))));
    await this.#map.change(
      (entries) => same(entries.get(signature)),
      (entries) => {
        const was = entries.get(signature) ?? { in: [], revoked: false, counted: false, kept: false };
        const objects = holds(was) ? was.in : [...was.in, held];
        const now = consent === null ? was : { ...was, counted: true, kept };
        return new Map(entries).set(signature, { ...now, in: objects });
      },
    );
  }

  /**
   * Takes back each signature of which an object is gone, and forgets those that were taken back so long ago that they could count no more, and then what
   * stands against nothing any more. `isThere` asks the API server itself: a cache may be behind.
   */
  async sweep(isThere: (held: HeldIn) => Promise<boolean>): Promise<void> {
    const entries = await this.#map.read(FRESH_MS);
    const gone: string[] = [];
    for (const [signature, { in: objects, revoked, at }] of entries)
      if (revoked && at === undefined) gone.push(signature);
      else if (!revoked) for (const held of objects) if (!(await isThere(held))) gone.push(signature);
    const past = [...entries].filter(([, { at }]) => at !== undefined && this.#now() - at > REMEMBERED_MS);
    if (gone.length > 0 || past.length > 0) await this.#takeBack(gone, past);
    if (past.length > 0) await this.#forget(await this.#map.read(FRESH_MS));
  }

  #takeBack(gone: readonly string[], past: readonly (readonly [string, Entry])[]): Promise<void> {
    return this.#map.change(
      (now) => gone.every((one) => now.get(one)?.at !== undefined) && past.every(([one]) => !now.has(one)),
      (now) => {
        const changed = new Map(now);
        for (const signature of gone) {
          const { counted, kept } = now.get(signature) ?? { counted: false, kept: false };
          // Where they were does not matter any more.
          changed.set(signature, { in: [], revoked: true, counted, kept, at: this.#now() });
        }
        for (const [signature] of past) changed.delete(signature);
        return changed;
      },
    );
  }

  /** What is of this week may be about to count. */
  async #forget(entries: Entries): Promise<void> {
    const standing = [...entries].filter(([, { counted, revoked, kept }]) => counted && !revoked && kept !== false);
    // Of what an older verifier wrote nobody knows when it was signed.
    if (standing.some(([, { kept }]) => kept === null)) return;
    const before = this.#now() - REMEMBERED_MS;
    await this.#consents.prune({ known: entries, standing: standing.map(([signature]) => signature), before });
  }
}

function parse(text: string): Entry | null {
  try {
    const { in: objects, revoked, counted = true, kept = null, at } = JSON.parse(text) as Partial<Entry>;
    if (!Array.isArray(objects) || typeof revoked !== 'boolean' || typeof counted !== 'boolean') return null;
    return { in: objects, revoked, counted, kept, ...(typeof at === 'number' ? { at } : {}) };
  } catch {
    return null;
  }
}
