import { annotations, type Repository } from '#crds';
import type { RuleWish } from './ruleset.ts';

/** What a Repository asks its forge to hold merges to. */
export function ruleWish({ metadata, spec }: Pick<Repository, 'metadata' | 'spec'>): RuleWish {
  return {
    branch: spec.defaultBranch,
    checks: spec.requiredChecks.kind === 'none' ? [] : (spec.requiredChecks.checks ?? []),
    codeOwners: spec.enforcement.codeOwners === true,
    mergeMethod: spec.mergeMethod,
    attested: attested(metadata.annotations?.[annotations.ruleset]),
  };
}

/** The value of the annotation that says which ruleset a person saw whole, as it then was. */
export function attestation({ id, updatedAt }: NonNullable<RuleWish['attested']>): string {
  return `${id}@${updatedAt}`;
}

function attested(value: string | undefined): RuleWish['attested'] {
  const parts = /^(?<id>\d{1,15})@(?<updatedAt>\S{1,64})$/.exec(value ?? '')?.groups;
  return parts === undefined ? null : { id: Number(parts.id), updatedAt: parts.updatedAt! };
}
