import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { resources, type TierPolicy } from '#crds';
import { isKubeError, type KubeObject, type Resource } from '#lib/kube';
import { checkout } from '../checkout.ts';
import { applyAll } from '../cluster/apply.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Context } from '../context.ts';

const POLICIES = resources.TierPolicy as Resource<TierPolicy & KubeObject>;
/** What grades a repository that names no policy. */
const NAME = 'default';

/**
 * Has changes graded: by the policy that the person names, or else, where the cluster has none, by the shipped one for Node. A change that was merged here
 * counts at once: there is no production whose quiet could be waited for.
 */
export async function seedPolicy({ options, signal }: Context, { client }: Pick<Cluster, 'client'>): Promise<void> {
  const file = options.tierPolicy ?? checkout('policies', 'tiers', 'node.yaml');
  const policy = policyOf(readFileSync(file, 'utf8'));
  if (options.tierPolicy !== undefined) return applyAll(client, [policy], signal);
  await client.create(POLICIES, policy).catch((error: unknown) => {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  });
}

/** A policy of `policies/tiers`, as the one of this machine. */
function policyOf(text: string): TierPolicy & KubeObject {
  const policy = parse(text) as TierPolicy & KubeObject;
  const promotion = { ...policy.spec.promotion, settle: '0s' };
  return { ...policy, metadata: { name: NAME }, spec: { ...policy.spec, promotion } } as TierPolicy & KubeObject;
}
