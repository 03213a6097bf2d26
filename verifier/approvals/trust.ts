import { trustObjects } from '#crds';
import {
  AttestError,
  type ListedMachine,
  type ListedPeople,
  readHumans,
  readMachines,
  readTrust,
  type Trust,
} from '#lib/attest';
import { CONFIG_MAPS, type KubeClient, type KubeObject, type Resource } from '#lib/kube';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;

/** Whose signatures count now. */
export interface TrustView extends ListedPeople {
  readonly trust: Trust;
  readonly machines: readonly ListedMachine[];
  /** Another one whenever the trusted root is another. */
  readonly rootVersion: string;
}

/**
 * Reads the trusted root and the lists of people and machines, which only `rig:root` may change, from the API server itself, at this moment. A root
 * that has not changed is made ready once. Throws AttestError `TrustUnreadable` where they are missing or wrong, KubeError where nobody answers.
 */
export class TrustReader {
  readonly #client: Pick<KubeClient, 'find'>;
  #root: { readonly text: string; readonly trust: Trust } | undefined;

  constructor(client: Pick<KubeClient, 'find'>) {
    this.#client = client;
  }

  async read(): Promise<TrustView> {
    const { humans, machines, root } = trustObjects;
    const [people, workloads, trusted] = await Promise.all(
      [humans, machines, root].map(({ name }) => this.#client.find(MAPS, { namespace: trustObjects.namespace, name })),
    );
    // Without a list there are no machines: that takes nobody's word away.
    const machineList = workloads === undefined ? [] : readMachines(required(workloads, machines));
    const text = required(trusted, root);
    if (this.#root?.text !== text) this.#root = { text, trust: readTrust(text) };
    return {
      ...readHumans(required(people, humans)),
      machines: machineList,
      trust: this.#root.trust,
      rootVersion: trusted?.metadata.resourceVersion ?? '',
    };
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
