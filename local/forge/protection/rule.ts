import { type Static, Type } from 'typebox';

const optional = Type.Optional;
const MAX_APPROVALS = 10;

/** What GitHub calls a required status check: by name, and by the App that must have reported it unless `integration_id` is absent. */
const RequiredCheck = Type.Object({
  context: Type.String({ minLength: 1 }),
  integration_id: optional(Type.Union([Type.Integer(), Type.Null()])),
});
const PullRequestRule = Type.Object({
  type: Type.Literal('pull_request'),
  parameters: Type.Object({
    allowed_merge_methods: optional(Type.Array(Type.Enum(['merge', 'squash', 'rebase']))),
    dismiss_stale_reviews_on_push: Type.Boolean(),
    require_code_owner_review: Type.Boolean(),
    require_last_push_approval: Type.Boolean(),
    required_approving_review_count: Type.Integer({ minimum: 0, maximum: MAX_APPROVALS }),
    required_review_thread_resolution: Type.Boolean(),
  }),
});
const StatusCheckRule = Type.Object({
  type: Type.Literal('required_status_checks'),
  parameters: Type.Object({
    do_not_enforce_on_create: optional(Type.Boolean()),
    required_status_checks: Type.Array(RequiredCheck),
    strict_required_status_checks_policy: Type.Boolean(),
  }),
});
const UpdateRule = Type.Object({
  type: Type.Literal('update'),
  parameters: optional(Type.Object({ update_allows_fetch_and_merge: Type.Boolean() })),
});
const MergeQueueRule = Type.Object({
  type: Type.Literal('merge_queue'),
  parameters: optional(Type.Record(Type.String(), Type.Unknown())),
});

/** The rules that are enforced, in the form of GitHub's rulesets. Other types of GitHub's are refused and not pretended. */
export const Rule = Type.Union([
  Type.Object({ type: Type.Literal('creation') }),
  UpdateRule,
  Type.Object({ type: Type.Literal('deletion') }),
  Type.Object({ type: Type.Literal('non_fast_forward') }),
  Type.Object({ type: Type.Literal('required_linear_history') }),
  MergeQueueRule,
  PullRequestRule,
  StatusCheckRule,
]);
export type Rule = Static<typeof Rule>;
export type RuleType = Rule['type'];
export const RULE_TYPES: readonly RuleType[] = [
  'creation',
  'update',
  'deletion',
  'non_fast_forward',
  'required_linear_history',
  'merge_queue',
  'pull_request',
  'required_status_checks',
];
export type RequiredCheck = Static<typeof RequiredCheck>;

/** A rule with where it comes from, which decides the words of a refusal and who may pass it. */
export interface EffectiveRule {
  readonly rule: Rule;
  /** Null for a rule of classic branch protection. */
  readonly rulesetId: number | null;
}

export function rulesOfType<T extends RuleType>(
  rules: readonly EffectiveRule[],
  type: T,
): (EffectiveRule & { rule: Extract<Rule, { type: T }> })[] {
  return rules.filter(({ rule }) => rule.type === type) as (EffectiveRule & { rule: Extract<Rule, { type: T }> })[];
}
