import { verifierObjects } from '#crds';
import type { GivenConsent } from '#domain';
import { Retry } from '#lib/kube';
import { EntryMap, type MapClient } from './entry-map.ts';

/** The change that a merge Approval is for, as its document says. */
export interface ApprovedPull {
  readonly namespace: string;
  readonly forge: { readonly host: string; readonly repositoryId: number };
  /** The branch that it is to be merged into; null in what an older verifier wrote, which did not keep it. */
  readonly baseBranch: string | null;
  readonly pullRequest: { readonly number: number; readonly headSHA: string };
}

/** What somebody consented to with a merge Approval that was counted, as it is kept when the Approval is gone. */
export interface KeptConsent extends GivenConsent {
  readonly pull: ApprovedPull;
  /** Digests (hex) of manifests and removals. */
  readonly manifests: readonly string[];
}

/** Consent without its signature, which is its name. */
type Entry = Omit<KeptConsent, 'signature'>;

const FRESH_MS = 3_600_000;
/** Hex digits of a digest that are kept. Of two that begin alike the wrong one can only refuse. */
const DIGITS = 32;

/**
 * What was consented to and counted, for longer than its Approval is there: it consents to nothing then, and stands against older consents all the same.
 * It is spread over sixteen ConfigMaps by the first hex digit of a signature, each of which holds some two thousand.
 */
export class KeptConsents {
  readonly #maps: readonly EntryMap<Entry>[];

  constructor(client: MapClient, namespace: string, now: () => number) {
    this.#maps = verifierObjects.consents.map((name) => {
      const full = `ConfigMap ${name} has no room for what another Approval consents to: delete the oldest Approvals whose change is merged and applied.`;
      return new EntryMap(client, { ref: { namespace, name }, parse, print: JSON.stringify, full, now });
    });
  }

  /** Writes down what a signature consents to; resolves when that cannot be lost. Twice is harmless. Throws KubeError, and Retry where there is no room. */
  keep({ signature, manifests, ...rest }: KeptConsent): Promise<void> {
    const entry = { ...rest, manifests: manifests.map(cut) };
    return this.#mapOf(signature).change(
      (entries) => entries.has(signature),
      (entries) => new Map(entries).set(signature, entry),
    );
  }

  /** Finds consents by what they name. Throws KubeError, and Retry where what one of `signatures` consents to is not there. */
  async finder(signatures: readonly string[]): Promise<(digest: string) => KeptConsent[]> {
    const all = await this.#all(signatures);
    const lost = signatures.find((signature) => !all.has(signature));
    if (lost !== undefined)
      throw new Retry(
        'FactUnknown',
        `What the signature ${lost} consents to is not in the ConfigMaps ${verifierObjects.consents[0]} to f any more; rig:root brings it back, or takes the signature out of ${verifierObjects.signatures}.`,
      );
    const list = [...all].map(([signature, entry]) => ({ ...entry, signature }));
    return (digest) => list.filter(({ manifests }) => manifests.includes(cut(digest)));
  }

  /**
   * Forgets what stands against nothing any more: it was signed before `before` (ms), it is none of `known`, and all of `standing`, which are those that
   * may still consent to something, were signed later. Where one of these cannot be found nothing is forgotten.
   */
  async prune({ known, standing, before }: Pruning): Promise<void> {
    const all = await this.#all(standing);
    const times = standing.map((signature) => all.get(signature)?.signedAt ?? Number.NEGATIVE_INFINITY);
    const oldest = Math.min(before, ...times);
    const isPast = (signature: string, { signedAt }: Entry) => signedAt < oldest && !known.has(signature);
    for (const map of this.#maps) {
      const hasNone = (entries: ReadonlyMap<string, Entry>) => ![...entries].some(([name, one]) => isPast(name, one));
      await map.change(hasNone, (entries) => new Map([...entries].filter(([name, one]) => !isPast(name, one))));
    }
  }

  /** What is kept of all signatures, read at most an hour ago, and later where one of `signatures` was not in it. */
  async #all(signatures: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
    const wanted = Map.groupBy(signatures, (signature) => this.#mapOf(signature));
    const read = this.#maps.map(async (map) => {
      const entries = await map.read(FRESH_MS);
      return wanted.get(map)?.some((signature) => !entries.has(signature)) ? map.read(-1) : entries;
    });
    return new Map((await Promise.all(read)).flatMap((entries) => [...entries]));
  }

  #mapOf(signature: string): EntryMap<Entry> {
    return this.#maps[Number.parseInt(signature.slice(0, 1), 16)]!;
  }
}

export interface Pruning {
  readonly known: ReadonlySet<string> | ReadonlyMap<string, unknown>;
  readonly standing: readonly string[];
  readonly before: number;
}

const cut = (digest: string): string => digest.slice(0, DIGITS);

function parse(text: string): Entry | null {
  try {
    const { approval, signedAt, pull, manifests } = JSON.parse(text) as Partial<Entry>;
    const { namespace, forge, baseBranch = null, pullRequest } = pull ?? {};
    const isWhole =
      [approval, namespace, forge?.host, pullRequest?.headSHA].every((one) => typeof one === 'string') &&
      [signedAt, forge?.repositoryId, pullRequest?.number].every((one) => typeof one === 'number') &&
      (baseBranch === null || typeof baseBranch === 'string') &&
      Array.isArray(manifests);
    return isWhole ? ({ approval, signedAt, pull: { ...pull, baseBranch }, manifests } as Entry) : null;
  } catch {
    return null;
  }
}
