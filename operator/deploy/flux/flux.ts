import { annotations, type Repository } from '#crds';
import { known, unknown } from '#domain';
import { isKubeError, type KubeClient, type Resource } from '#lib/kube';
import type { Ancestry } from '../ancestry.ts';
import type { Delivery, Deployer } from '../port.ts';
import { type Kustomization, stageOf } from './kustomization.ts';

export const KUSTOMIZATIONS: Resource<Kustomization> = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'kustomizations',
  kind: 'Kustomization',
  namespaced: true,
};

export interface FluxOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly ancestry: Ancestry;
  readonly now: () => number;
}

/** Kind `flux`: a Kustomization that Flux applies from this very repository. It is read, never written. */
export class Flux implements Deployer {
  readonly #options: FluxOptions;

  constructor(options: FluxOptions) {
    this.#options = options;
  }

  async observe(delivery: Delivery): ReturnType<Deployer['observe']> {
    const { ancestry, now } = this.#options;
    const { kustomization, staging } = delivery.repository.spec.deploy.settings ?? {};
    if (kustomization === undefined) return unknown('deploy.settings.kustomization of the Repository is missing.');
    const contains = ancestry.of(delivery);
    try {
      const read = async (name: string) => stageOf(await this.#read(delivery.repository, name), contains);
      const production = await read(kustomization);
      return known({ staging: staging === undefined ? null : await read(staging), production }, now());
    } catch (error) {
      return unknown(`What Flux applied could not be told: ${(error as Error).message}`);
    }
  }

  /** One in another namespace has to say itself that it delivers this Repository: else a tenant could look into what is not its own. */
  async #read({ metadata, spec }: Repository, name: string): Promise<Kustomization> {
    const namespace = spec.deploy.settings?.namespace ?? metadata.namespace!;
    const found = await this.#options.client.get(KUSTOMIZATIONS, { namespace, name }).catch((cause: unknown) => {
      throw new Error(explain(cause, `${namespace}/${name}`), { cause });
    });
    const wanted = `${metadata.namespace}/${metadata.name}`;
    if (namespace !== metadata.namespace && found.metadata.annotations?.[annotations.delivers] !== wanted)
      throw new Error(
        `Kustomization ${namespace}/${name} is in another namespace and does not carry the annotation ${annotations.delivers}: ${wanted}.`,
      );
    return found;
  }
}

function explain(error: unknown, what: string): string {
  if (isKubeError(error, 'NotFound')) return `there is no Kustomization ${what}.`;
  if (isKubeError(error, 'Forbidden'))
    return `the conductor may not read Kustomization ${what}; bind the ClusterRole rig-flux-reader to it in that namespace.`;
  return (error as Error).message;
}
