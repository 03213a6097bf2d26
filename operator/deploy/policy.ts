import type { Repository } from '#crds';
import { CHECKS, type DeployPolicy } from '#domain';

/** How a Repository wants its merged changes delivered, as the rules see it. */
export function deployPolicy({ deploy, verify }: Repository['spec']): DeployPolicy {
  return {
    kind: deploy.kind,
    staging: deploy.settings?.staging !== undefined,
    checks: CHECKS.filter((check) => verify?.[check] !== undefined),
    url: deploy.settings?.url ?? null,
    onFailure: deploy.onFailure,
    timeoutMs: deploy.timeoutMinutes * 60_000,
  };
}
