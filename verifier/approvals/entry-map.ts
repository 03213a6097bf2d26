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
/** A ConfigMap holds a mebibyte. */
const MOST_BYTES = 900_000;

export type MapClient = Pick<KubeClient, 'find' | 'create' | 'replace'>;

export interface EntryMapSettings<E> {
  readonly ref: ObjectRef & { readonly namespace: string };
  /** Null for a text that is no entry. */
  readonly parse: (text: string) => E | null;
  readonly print: (entry: E) => string;
  /** One sentence: that there is no room left, and what makes some. */
  readonly full: string;
  readonly now: () => number;
}

/** Entries by name in one ConfigMap, which several replicas write: none loses what another wrote. */
export class EntryMap<E> {
  readonly #client: MapClient;
  readonly #settings: EntryMapSettings<E>;
  #last:
    | { readonly at: number; readonly map: ConfigMap | undefined; readonly entries: ReadonlyMap<string, E> }
    | undefined;

  constructor(client: MapClient, settings: EntryMapSettings<E>) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Read at most `maxAgeMs` ago. Throws KubeError, and Retry where what is there cannot be understood. */
  async read(maxAgeMs: number): Promise<ReadonlyMap<string, E>> {
    return (await this.#read(maxAgeMs)).entries;
  }

  /**
   * Changes what is there, anew where another replica wrote in between, unless it is so already; resolves when that cannot be lost. Throws KubeError, and
   * Retry where there is no room, or what is there cannot be understood.
   */
  async change(
    isDone: (entries: ReadonlyMap<string, E>) => boolean,
    change: (entries: ReadonlyMap<string, E>) => ReadonlyMap<string, E>,
  ): Promise<void> {
    if (this.#last !== undefined && isDone(this.#last.entries)) return;
    for (let tries = 0; tries < 5; tries += 1) {
      const now = await this.#read(-1);
      if (isDone(now.entries)) return;
      const entries = change(now.entries);
      try {
        this.#last = { at: this.#settings.now(), map: await this.#write(now.map, entries), entries };
        return;
      } catch (error) {
        this.#last = undefined;
        if (!isKubeError(error, 'Conflict') && !isKubeError(error, 'AlreadyExists')) throw error;
      }
    }
    throw new Retry('FactUnknown', 'Others write down signatures at the same time; it is tried again.');
  }

  async #read(maxAgeMs: number) {
    const { ref, now } = this.#settings;
    if (this.#last !== undefined && now() - this.#last.at <= maxAgeMs) return this.#last;
    const at = now();
    const map = await this.#client.find(MAPS, ref);
    this.#last = { at, map, entries: this.#entriesOf(map) };
    return this.#last;
  }

  #write(before: ConfigMap | undefined, entries: ReadonlyMap<string, E>): Promise<ConfigMap> {
    const { ref, print, full } = this.#settings;
    const data = Object.fromEntries([...entries].map(([name, entry]) => [name, print(entry)]));
    if (Buffer.byteLength(JSON.stringify(data)) > MOST_BYTES) throw new Retry('FactUnknown', full);
    if (before === undefined) return this.#client.create(MAPS, { metadata: ref, data } as ConfigMap);
    const { resourceVersion } = before.metadata;
    return this.#client.replace(MAPS, { metadata: { ...ref, resourceVersion }, data } as ConfigMap);
  }

  /** Throws Retry for an entry that is none: what cannot be read may be a revocation. */
  #entriesOf(map: ConfigMap | undefined): ReadonlyMap<string, E> {
    const { ref, parse } = this.#settings;
    return new Map(
      Object.entries(map?.data ?? {}).map(([name, text]) => {
        const entry = parse(text);
        if (entry !== null) return [name, entry];
        throw new Retry(
          'FactUnknown',
          `The entry ${name} of ConfigMap ${ref.name} cannot be understood; rig:root mends it.`,
        );
      }),
    );
  }
}
