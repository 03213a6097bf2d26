import type { Repository } from '#crds';
import { CHECKS, type DeployPolicy } from '#domain';

/** How a Repository wants its merged changes delivered, as the rules see it. */
export function deployPolicy({ deploy, verify, slo }: Repository['spec']): DeployPolicy {
  return {
    // A Canary that is named is followed, whatever else deploys or does not.
    kind: deploy.kind === 'none' && slo?.canaryRef !== undefined ? 'flagger' : deploy.kind,
    staging: deploy.settings?.staging !== undefined,
    checks: CHECKS.filter((check) => verify?.[check] !== undefined),
    url: deploy.settings?.url ?? null,
    onFailure: deploy.onFailure,
    timeoutMs: deploy.timeoutMinutes * 60_000,
  };
}
