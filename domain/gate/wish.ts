import { annotations, type Repository } from '#crds';
import { APPROVAL_CHECK } from '../check/verdict.ts';
import type { RuleWish } from './ruleset.ts';

/** What a Repository asks its forge to hold merges to: its own checks, and the verifier's. */
export function ruleWish({ metadata, spec }: Pick<Repository, 'metadata' | 'spec'>): RuleWish {
  const own = spec.requiredChecks.kind === 'none' ? [] : (spec.requiredChecks.checks ?? []);
  return {
    branch: spec.defaultBranch,
    checks: [...own, { name: APPROVAL_CHECK, app: spec.enforcement.approvalApp }],
    codeOwners: spec.enforcement.codeOwners === true,
    mergeMethod: spec.mergeMethod,
    attested: attested(metadata.annotations?.[annotations.ruleset]),
  };
}

/** The App whose check a merge needs at the gate; null where the Repository does without a ruleset, and says why. */
export function approvalAppOf({ enforcement }: Repository['spec']): string | null {
  return enforcement.kind === 'none' ? null : enforcement.approvalApp;
}

/** The value of the annotation that says which ruleset a person saw whole, as it then was. */
export function attestation({ id, updatedAt }: NonNullable<RuleWish['attested']>): string {
  return `${id}@${updatedAt}`;
}

function attested(value: string | undefined): RuleWish['attested'] {
  const parts = /^(?<id>\d{1,15})@(?<updatedAt>\S{1,64})$/.exec(value ?? '')?.groups;
  return parts === undefined ? null : { id: Number(parts.id), updatedAt: parts.updatedAt! };
}
