import { trustObjects } from '#crds';
import { type Fact, type Human, known, type ListedPeople, unknown } from '#domain';
import { AttestError, type ListedMachine, readHumans, readMachines, readTrust, type Trust } from '#lib/attest';
import { CONFIG_MAPS, type KubeClient, type KubeObject, type Resource } from '#lib/kube';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;
/** A person who was taken off the list stops being believed within this time, in ms. */
const FRESH_MS = 10_000;

/** Whose signatures count now. */
export interface TrustView {
  readonly trust: Trust;
  readonly humans: readonly Human[];
  readonly fourEyes: boolean | null;
  readonly machines: readonly ListedMachine[];
  /** Another one whenever anything of it has changed. */
  readonly version: string;
}

/**
 * Reads the trusted root and the lists of people and machines, which only `rig:root` may change. At most ten seconds old, or
 * read this moment with `fresh`. Throws AttestError `TrustUnreadable` where they are missing or wrong, which a person has to
 * put right, and KubeError where the API server does not answer, which passes.
 */
export class TrustReader {
  readonly #client: Pick<KubeClient, 'find'>;
  readonly #now: () => number;
  #last: { readonly at: number; readonly view: Promise<TrustView> } | undefined;
  #rootEnd: number | null = null;

  constructor(client: Pick<KubeClient, 'find'>, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  read({ fresh = false } = {}): Promise<TrustView> {
    if (!fresh && this.#last !== undefined && this.#now() - this.#last.at < FRESH_MS) return this.#last.view;
    const view = this.#read();
    this.#last = { at: this.#now(), view };
    view.then(
      ({ trust }) => {
        this.#rootEnd = trust.expiresAt;
      },
      () => {
        if (this.#last?.view === view) this.#last = undefined;
      },
    );
    return view;
  }

  /** Who may approve, at most ten seconds old; unknown where that cannot be read. */
  async people(): Promise<Fact<ListedPeople>> {
    return this.read().then(
      ({ humans, fourEyes }) => known({ humans, fourEyes }, this.#now()),
      (error: Error) => unknown(`The list of people who may approve cannot be read: ${error.message}`),
    );
  }

  /** {@link rootEnd}, of a root that is at most ten seconds old; null too where it cannot be read. */
  async readRootEnd(): Promise<number | null> {
    return this.read().then(
      ({ trust }) => trust.expiresAt,
      () => null,
    );
  }

  /** When the root that was read last runs out, in ms; null where it does not, or none was read. */
  get rootEnd(): number | null {
    return this.#rootEnd;
  }

  async #read(): Promise<TrustView> {
    const { namespace, humans, machines, root } = trustObjects;
    const [people, workloads, trusted] = await Promise.all(
      [humans, machines, root].map(({ name }) => this.#client.find(MAPS, { namespace, name })),
    );
    const { humans: listed, fourEyes } = readHumans(required(people, humans));
    // Without a list there are no machines: that takes nobody's word away.
    const machineList = workloads === undefined ? [] : readMachines(required(workloads, machines));
    const version = [people, workloads, trusted].map((map) => map?.metadata.resourceVersion ?? '').join('/');
    return { trust: readTrust(required(trusted, root)), humans: listed, fourEyes, machines: machineList, version };
  }
}

function required(map: ConfigMap | undefined, { name, key }: { name: string; key: string }): string {
  const text = map?.data?.[key];
  if (text !== undefined) return text;
  const what = map === undefined ? `There is no ConfigMap ${name}` : `The ConfigMap ${name} has no ${key}`;
  throw new AttestError(
    'TrustUnreadable',
    `${what} in ${trustObjects.namespace}, so no signature can be verified; rig:root makes it.`,
  );
}
