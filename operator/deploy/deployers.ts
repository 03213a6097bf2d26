import type { Issue, Repository } from '#crds';
import { type Fact, type IssueState, type RepositoryPolicy, unknown, type World } from '#domain';
import type { KubeObject } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { Ancestry } from './ancestry.ts';
import { readChecks } from './checks/read.ts';
import { ForgeDeployments } from './deployments/deployments.ts';
import { withCanary } from './flagger/beside.ts';
import { Flagger } from './flagger/flagger.ts';
import { Flux } from './flux/flux.ts';
import { none } from './none.ts';
import type { Deployer } from './port.ts';

/** Every system that deploys and that this conductor can follow, by the word in `spec.deploy.kind`. */
export class Deployers {
  readonly #byKind: ReadonlyMap<string, Deployer>;
  readonly #flagger: Deployer;

  constructor({ client, log, forges, now }: Pick<Conductor, 'client' | 'log' | 'forges' | 'now'>) {
    const ancestry = new Ancestry(forges);
    const deployments = new ForgeDeployments({ pool: log.pool, forges, ancestry, now });
    this.#flagger = new Flagger({ client, ancestry, now });
    this.#byKind = new Map<string, Deployer>([
      ['none', none],
      ['deployments', deployments],
      ['cloudflare-pages', deployments],
      ['flux', new Flux({ client, ancestry, now })],
      ['flagger', this.#flagger],
    ]);
  }

  /** Where a Canary is named beside another deployer, live is only what both call so. */
  of(kind: string, { slo }: Pick<Repository['spec'], 'slo'>): Deployer {
    const deployer = this.#byKind.get(kind) ?? none;
    const beside = slo?.canaryRef !== undefined && kind !== 'flagger';
    return beside ? withCanary(deployer, this.#flagger) : deployer;
  }
}

/** The part of the world that says what became of a merged change. Costs nothing for an issue that is not merged, or has ended. */
export async function readDelivery(
  conductor: Conductor,
  deployers: Deployers,
  issue: Issue & KubeObject,
  state: IssueState,
  policy: Fact<RepositoryPolicy>,
  key: RepositoryKey | null,
): Promise<Pick<World, 'delivery' | 'checks'>> {
  const repository = conductor.objects.repositories.get(issue.metadata.namespace!, issue.spec.repositoryRef.name);
  const over = state.merged === null || state.ending !== null;
  if (over || repository === undefined || key === null || !policy.known || policy.value.deploy.kind === 'none')
    return { delivery: unknown('There is no delivery to look at.'), checks: new Map() };
  const { deploy } = policy.value;
  const { sha: mergeSHA } = state.merged;
  const [delivery, checks] = await Promise.all([
    deployers
      .of(deploy.kind, repository.spec)
      .observe({ repository, key, mergeSHA, mergedAt: state.delivery.mergedAt }),
    readChecks(conductor, issue, state, deploy),
  ]);
  return { delivery, checks };
}
