import type { Forge, RepositoryName } from './port.ts';
import type { BranchRules, RulesetRules } from './rules.ts';

export interface Protected {
  /** Everything that holds the branch now. */
  readonly rules: BranchRules;
  /** The ruleset that was written, as the forge dates it; null where it does not show that nobody may bypass it. */
  readonly seen: { readonly id: number; readonly updatedAt: string } | null;
}

/** Writes a repository's ruleset of this name and reads back what holds then. Twice is harmless. Errors as `Forge.putRuleset`. */
export async function protectBranch(
  forge: Pick<Forge, 'putRuleset' | 'branchRules'>,
  repo: RepositoryName,
  ruleset: { readonly name: string; readonly branch: string; readonly rules: RulesetRules },
): Promise<Protected> {
  const { id } = await forge.putRuleset(repo, ruleset);
  const apps = ruleset.rules.checks.flatMap(({ app }) => app ?? []);
  const rules = await forge.branchRules(repo, ruleset.branch, apps);
  return { rules, seen: seenIn(rules, id) };
}

/** The ruleset of that id where it can be seen whole and nobody may bypass it. */
function seenIn({ rulesets }: BranchRules, id: number): Protected['seen'] {
  const own = rulesets.find((set) => set.id === id && set.bypass === 'nobody');
  return own === undefined || own.updatedAt === null ? null : { id, updatedAt: own.updatedAt };
}
