import { type CheckFact, checksUnmet, type Unmet } from './requirements.ts';
import { type EffectiveRule, rulesOfType } from './rule.ts';

/** A change of a ref that is not a merge by the forge itself: a push, or a call of the refs API. */
export interface UpdateFacts {
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly forced: boolean;
  /** Whether the commits it adds contain a merge. */
  readonly mergeCommits: boolean;
  readonly checks: readonly CheckFact[];
  /** False when classic protection lists who may push, and this is none of them. */
  readonly authorized: boolean;
}

/** Everything that forbids the change, in GitHub's words. */
export function unmetByUpdate(rules: readonly EffectiveRule[], facts: UpdateFacts): Unmet[] {
  const unmet: Unmet[] = [];
  for (const from of rules) {
    const message = refusal(from, facts);
    if (message !== null) unmet.push({ message, rulesetId: from.rulesetId });
  }
  if (!facts.authorized) unmet.push({ message: "You're not authorized to push to this branch.", rulesetId: null });
  return unmet;
}

function refusal(from: EffectiveRule, facts: UpdateFacts): string | null {
  const { rule } = from;
  const deleted = facts.kind === 'deleted';
  switch (rule.type) {
    case 'creation':
      return facts.kind === 'created' ? 'Cannot create ref due to creations being restricted.' : null;
    case 'deletion':
      return deleted ? 'Cannot delete this branch' : null;
    case 'update':
      return facts.kind === 'updated' ? 'Cannot update this protected ref.' : null;
    case 'non_fast_forward':
      return facts.forced ? 'Cannot force-push to this branch' : null;
    case 'required_linear_history':
      return facts.mergeCommits && !deleted ? 'This branch must not contain merge commits.' : null;
    case 'merge_queue':
      return facts.kind === 'updated' ? 'Changes must be made through the merge queue' : null;
    case 'pull_request':
      return facts.kind === 'updated' ? 'Changes must be made through a pull request.' : null;
    case 'required_status_checks': {
      const { parameters } = rule;
      const exempt = deleted || (facts.kind === 'created' && parameters.do_not_enforce_on_create !== false);
      return exempt ? null : checksUnmet(parameters.required_status_checks, facts.checks);
    }
  }
}

/** What a refused merge says, which GitHub words by where its first rule comes from. */
export function mergeWords(unmet: readonly Unmet[]): string {
  const byRuleset = unmet.some(({ rulesetId }) => rulesetId !== null);
  const messages = [...new Set(unmet.map(({ message }) => message))];
  return byRuleset ? `Repository rule violations found\n\n${messages.join('\n\n')}\n\n` : messages.join(' ');
}

/** What git prints for a refused push, without `remote: `. `page` is the repository's. */
export function pushWords(ref: string, unmet: readonly Unmet[], page: string): string {
  const byRuleset = unmet.some(({ rulesetId }) => rulesetId !== null);
  const head = byRuleset
    ? `error: GH013: Repository rule violations found for ${ref}.\nReview all repository rules at ${page}/rules?ref=${encodeURIComponent(ref)}`
    : `error: GH006: Protected branch update failed for ${ref}.`;
  const messages = [...new Set(unmet.map(({ message }) => message))];
  return `${head}\n\n${messages.map((message) => `- ${message}\n`).join('\n')}\n`;
}

/** Whether any rule asks for reviews to fall when the head moves. */
export const dismissesStale = (rules: readonly EffectiveRule[]): boolean =>
  rulesOfType(rules, 'pull_request').some(({ rule }) => rule.parameters.dismiss_stale_reviews_on_push);
