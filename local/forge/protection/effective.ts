import type { ProtectionRow, RulesetRow } from '../store/index.ts';
import { selects } from './patterns.ts';
import type { EffectiveRule, Rule } from './rule.ts';

export interface Sources {
  readonly protections: readonly ProtectionRow[];
  readonly rulesets: readonly RulesetRow[];
  readonly defaultBranch: string;
}

/** Who a rule is not held against. Without one, nobody passes anything. */
export interface Passes {
  protection(protection: ProtectionRow): boolean;
  ruleset(ruleset: RulesetRow): boolean;
}

const NOBODY: Passes = { protection: () => false, ruleset: () => false };

/** The rules that hold for a full ref name: classic protection of exactly that branch, then every active ruleset that selects it. */
export function rulesFor(sources: Sources, ref: string, passes: Passes = NOBODY): EffectiveRule[] {
  const classic = sources.protections
    .filter((each) => ref === `refs/heads/${each.branch}` && !passes.protection(each))
    .flatMap((each) => rulesOfProtection(each).map((rule) => ({ rule, rulesetId: null })));
  const target = ref.startsWith('refs/tags/') ? 'tag' : 'branch';
  const rulesets = sources.rulesets
    .filter((each) => each.enforcement === 'active' && each.target === target)
    .filter((each) => selects(each, ref, sources.defaultBranch) && !passes.ruleset(each))
    .flatMap((each) => each.rules.map((rule) => ({ rule, rulesetId: each.id })));
  return [...classic, ...rulesets];
}

/** What classic branch protection asks, said as rules. Who may push at all is asked of the protection itself. */
export function rulesOfProtection(protection: ProtectionRow): Rule[] {
  const { checks, reviews } = protection;
  const rules: Rule[] = [];
  if (checks !== null) {
    const required = checks.checks.map(({ context, appId }) => ({ context, integration_id: appId }));
    const parameters = { required_status_checks: required, strict_required_status_checks_policy: checks.strict };
    rules.push({ type: 'required_status_checks', parameters });
  }
  if (reviews !== null || protection.conversations) {
    rules.push({
      type: 'pull_request',
      parameters: {
        dismiss_stale_reviews_on_push: reviews?.dismissStale ?? false,
        require_code_owner_review: reviews?.codeOwners ?? false,
        require_last_push_approval: reviews?.lastPush ?? false,
        required_approving_review_count: reviews?.count ?? 0,
        required_review_thread_resolution: protection.conversations,
      },
    });
  }
  if (protection.linear) rules.push({ type: 'required_linear_history' });
  if (!protection.allowForce) rules.push({ type: 'non_fast_forward' });
  if (!protection.allowDeletions) rules.push({ type: 'deletion' });
  if (protection.blockCreations) rules.push({ type: 'creation' });
  if (protection.lock) rules.push({ type: 'update' });
  return rules;
}
