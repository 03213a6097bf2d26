import { annotations, type Repository } from '#crds';
import { known, unknown } from '#domain';
import { isKubeError, type KubeClient, type Resource } from '#lib/kube';
import type { Ancestry } from '../ancestry.ts';
import type { Delivery, Deployer } from '../port.ts';
import { type Canary, type Rollout, stageOf } from './canary.ts';
import { WORKLOADS, type Workload } from './workload.ts';

export const CANARIES: Resource<Canary> = {
  group: 'flagger.app',
  version: 'v1beta1',
  plural: 'canaries',
  kind: 'Canary',
  namespaced: true,
};

export interface FlaggerOptions {
  readonly client: Pick<KubeClient, 'get' | 'find'>;
  readonly ancestry: Ancestry;
  readonly now: () => number;
}

/** Kind `flagger`, and `slo.canaryRef`: a Canary whose pods are made from this very repository. It is read, never written. */
export class Flagger implements Deployer {
  readonly #options: FlaggerOptions;

  constructor(options: FlaggerOptions) {
    this.#options = options;
  }

  async observe(delivery: Delivery): ReturnType<Deployer['observe']> {
    const { ancestry, now } = this.#options;
    const ref = canaryOf(delivery.repository);
    if (ref === null) return unknown('deploy.settings.canary of the Repository is missing.');
    try {
      const rollout = await this.#read(delivery.repository, ref);
      return known({ staging: null, production: await stageOf(rollout, ancestry.of(delivery)) }, now());
    } catch (error) {
      return unknown(`What Flagger promoted could not be told: ${(error as Error).message}`);
    }
  }

  /** One in another namespace has to say itself that it delivers this Repository: else a tenant could look into what is not its own. */
  async #read({ metadata }: Repository, { namespace, name }: CanaryRef): Promise<Rollout> {
    const { client } = this.#options;
    const what = `Canary ${namespace}/${name}`;
    const canary = await client.get(CANARIES, { namespace, name }).catch((cause: unknown) => {
      throw new Error(explain(cause, what), { cause });
    });
    const wanted = `${metadata.namespace}/${metadata.name}`;
    if (namespace !== metadata.namespace && canary.metadata.annotations?.[annotations.delivers] !== wanted)
      throw new Error(
        `${what} is in another namespace and does not carry the annotation ${annotations.delivers}: ${wanted}.`,
      );
    const { kind = '', name: target = '' } = canary.spec?.targetRef ?? {};
    const resource = WORKLOADS.get(kind);
    if (resource === undefined)
      throw new Error(`${what} targets a ${kind || 'thing without a kind'}, not a Deployment or DaemonSet.`);
    const find = (one: string): Promise<Workload | undefined> =>
      client.find(resource, { namespace, name: one }).catch((cause: unknown) => {
        throw new Error(explain(cause, `${kind} ${namespace}/${one}`), { cause });
      });
    const [own, primary] = await Promise.all([find(target), find(`${target}-primary`)]);
    if (own === undefined) throw new Error(`there is no ${kind} ${namespace}/${target}, which ${what} targets.`);
    return { canary, target: own, primary };
  }
}

interface CanaryRef {
  readonly namespace: string;
  readonly name: string;
}

/** The Canary of a Repository: that of its deployer, else the one that its service levels name. */
function canaryOf({ metadata, spec }: Repository): CanaryRef | null {
  const { canary, namespace } = spec.deploy.kind === 'flagger' ? (spec.deploy.settings ?? {}) : {};
  if (canary !== undefined) return { namespace: namespace ?? metadata.namespace!, name: canary };
  return spec.slo?.canaryRef ?? null;
}

function explain(error: unknown, what: string): string {
  if (isKubeError(error, 'NotFound')) return `there is no ${what}.`;
  if (isKubeError(error, 'Forbidden'))
    return `the conductor may not read ${what}; bind the ClusterRole rig-flagger-reader to it in that namespace.`;
  return (error as Error).message;
}
