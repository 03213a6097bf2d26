import { verifierObjects } from '#crds';
import { EntryMap, type MapClient } from '../approvals/entry-map.ts';

/** A commit that the check let through, and the pull requests of which it was the head by then. */
export interface PassedHead {
  readonly sha: string;
  readonly pulls: readonly number[];
}

type Entry = Pick<PassedHead, 'pulls'>;

const FRESH_MS = 300_000;
const FULL =
  'So many open pull requests are let through that no more can be written down: close those that nobody wants any more.';

/**
 * Heads that were let through, by the number of their repository at the forge, in one ConfigMap that holds some ten thousand. A head is written down
 * before the forge is told, so that none that stays let through there is unknown: also where its pull request is closed while no verifier runs.
 */
export class PassedHeads {
  readonly #open: () => EntryMap<Entry>;
  #map: EntryMap<Entry>;

  constructor(client: MapClient, namespace: string, now: () => number) {
    const ref = { namespace, name: verifierObjects.heads };
    this.#open = () => new EntryMap(client, { ref, parse, print: JSON.stringify, full: FULL, now });
    this.#map = this.#open();
  }

  /** What is written down is read again: another replica may have written. */
  forgetAll(): void {
    this.#map = this.#open();
  }

  /** Writes a head down; resolves when that cannot be lost. Twice is harmless. Throws KubeError, and Retry where there is no room. */
  note(id: number, { sha, pulls }: PassedHead): Promise<void> {
    const name = nameOf(id, sha);
    const before = (entries: ReadonlyMap<string, Entry>) => entries.get(name)?.pulls ?? [];
    return this.#map.change(
      (entries) => entries.has(name) && pulls.every((number) => before(entries).includes(number)),
      (entries) => new Map(entries).set(name, { pulls: [...new Set([...before(entries), ...pulls])] }),
    );
  }

  /** Those of a repository. Throws KubeError, and Retry where what is there cannot be understood. */
  async of(id: number): Promise<PassedHead[]> {
    const entries = await this.#map.read(FRESH_MS);
    return [...entries].flatMap(([name, { pulls }]) => {
      const [of, sha = ''] = name.split('.');
      return of === String(id) ? [{ sha, pulls }] : [];
    });
  }

  /** Forgets a head that is let through no more. `still` is asked before each write, and throws where it must not happen any more. Twice is harmless. */
  drop(id: number, sha: string, still: () => void): Promise<void> {
    const name = nameOf(id, sha);
    return this.#map.change(
      (entries) => !entries.has(name),
      (entries) => {
        still();
        return new Map([...entries].filter(([other]) => other !== name));
      },
    );
  }
}

function nameOf(id: number, sha: string): string {
  return `${id}.${sha}`;
}

function parse(text: string): Entry | null {
  try {
    const { pulls } = JSON.parse(text) as { pulls?: unknown };
    return Array.isArray(pulls) && pulls.every(Number.isSafeInteger) ? { pulls } : null;
  } catch {
    return null;
  }
}
