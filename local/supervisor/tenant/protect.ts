import { annotations, type Repository } from '#crds';
import { attestation, compareRules, RULESET_NAME, ruleWish, wantedRules } from '#domain';
import type { Layout } from '#lib/datadir';
import { createForge, protectBranch } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { tokenOf } from './accounts.ts';
import { VERIFIER_APP } from './verifier-app.ts';

/**
 * Writes the ruleset that a Repository asks for, as the person of this machine and as `rig repo protect` does, and notes on the object
 * which one that is: the conductor may not see who could bypass it. Safe to repeat: one that holds is left as it is.
 */
export async function protectRepository(layout: Layout, object: KubeObject): Promise<KubeObject> {
  const { spec } = object as KubeObject & Repository;
  const forge = createForge({ baseURL: spec.apiURL, token: tokenOf(layout, 'you'), writeIntervalMs: 0 });
  const enforcement = { kind: 'ruleset', approvalApp: VERIFIER_APP } as const;
  const wish = ruleWish({ metadata: object.metadata, spec: { ...spec, enforcement } });
  const { owner, name } = spec;
  const apps = wish.checks.map(({ app }) => app);
  const now = await forge.branchRules({ owner, name }, wish.branch, apps);
  const own = now.rulesets.find((set) => set.name === RULESET_NAME && set.updatedAt !== null);
  const held = own !== undefined && compareRules(wish, now).state === 'enforced';
  const ruleset = { name: RULESET_NAME, branch: wish.branch, rules: wantedRules(wish) };
  const seen = held
    ? { id: own.id, updatedAt: own.updatedAt! }
    : (await protectBranch(forge, { owner, name }, ruleset)).seen;
  if (seen === null) return object;
  const noted = { ...object.metadata.annotations, [annotations.ruleset]: attestation(seen) };
  return { ...object, metadata: { ...object.metadata, annotations: noted } };
}
