import type { Repository } from '#crds';
import { approvalAppOf, type Fact, known, type RepositoryPolicy, unknown } from '#domain';
import { isConditionTrue } from '#lib/kube';
import { deployPolicy } from '../deploy/policy.ts';
import { sloWish } from '../slo/wish.ts';

/** A Repository as the rules see it. Unknown until it is Ready, because only then its forge id is known to be its own. */
export function repositoryPolicy(
  repository: Repository | undefined,
  name: string,
  now: number,
): Fact<RepositoryPolicy> {
  if (repository === undefined)
    return unknown(`There is no Repository ${name} in this namespace; apply it, or correct spec.repositoryRef.`);
  const forgeId = repository.status?.forge?.repositoryID;
  const { conditions } = repository.status ?? {};
  if (forgeId === undefined || !isConditionTrue(conditions, 'Ready')) {
    const why = conditions?.find((condition) => condition.type === 'Ready')?.message ?? 'it has not been looked at yet';
    return unknown(`Repository ${name} is not ready: ${why}`);
  }
  const { spec } = repository;
  const policy: RepositoryPolicy = {
    name,
    forgeId,
    defaultBranch: spec.defaultBranch,
    requiredChecks: spec.requiredChecks.kind === 'none' ? 'none' : (spec.requiredChecks.checks ?? []),
    blockLabels: spec.blockLabels,
    approvalApp: approvalAppOf(spec),
    mergeMethod: spec.mergeMethod,
    deploy: deployPolicy(spec),
    slo: sloWish(spec),
    routes: spec.agents.map((route) => ({
      taskClass: route.taskClass ?? null,
      stack: route.stack ?? null,
      agent: route.agentRef.name,
    })),
  };
  return known(policy, now);
}
