import { type EffectiveRule, type RequiredCheck, rulesOfType } from './rule.ts';

/** One thing that a rule asks and the facts do not give, in GitHub's words. */
export interface Unmet {
  readonly message: string;
  readonly rulesetId: number | null;
  /** The branch lacks commits of its base, and nothing else: GitHub calls such a pull request behind, not blocked. */
  readonly behind?: true;
}

export interface CheckFact {
  readonly context: string;
  /** The App that reported it; null for a person's status. */
  readonly appId: number | null;
  readonly state: 'success' | 'pending' | 'failing';
}

export interface MergeFacts {
  readonly checks: readonly CheckFact[];
  /** Current approvals by people who may write, and who of them gave it for the present head. */
  readonly approvals: readonly { readonly userId: number; readonly onHead: boolean }[];
  readonly changesRequested: boolean;
  /** Who pushed the present head; null if nobody knows, and then nobody's approval counts as someone else's. */
  readonly lastPusherId: number | null;
  readonly openThreads: number;
  /** For each group of owners of changed files that has not approved, its names. */
  readonly missingOwners: readonly string[];
  readonly behind: boolean;
  readonly method: 'merge' | 'squash' | 'rebase' | null;
}

const METHOD = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' } as const;

/** Everything that keeps a pull request from its base branch, in GitHub's order. An unknown method is not asked about. */
export function unmetByMerge(rules: readonly EffectiveRule[], facts: MergeFacts): Unmet[] {
  const unmet: Unmet[] = [];
  const say = (from: EffectiveRule, message: string | null) => {
    if (message !== null) unmet.push({ message, rulesetId: from.rulesetId });
  };
  for (const from of rulesOfType(rules, 'update')) say(from, 'Cannot change this locked branch');
  for (const from of rulesOfType(rules, 'merge_queue')) say(from, 'Changes must be made through the merge queue');
  for (const from of rulesOfType(rules, 'required_status_checks')) {
    const { required_status_checks: required, strict_required_status_checks_policy: strict } = from.rule.parameters;
    say(from, checksUnmet(required, facts.checks));
    if (strict && facts.behind) {
      const message = 'The head branch is not up to date with the base branch.';
      unmet.push({ message, rulesetId: from.rulesetId, behind: true });
    }
  }
  for (const from of rulesOfType(rules, 'pull_request')) {
    const { parameters } = from.rule;
    say(from, methodUnmet(parameters.allowed_merge_methods, facts.method));
    for (const message of reviewsUnmet(parameters, facts)) say(from, message);
  }
  for (const from of rulesOfType(rules, 'required_linear_history')) {
    if (facts.method === 'merge') say(from, 'Merge commits are not allowed on this branch.');
  }
  return unmet;
}

function methodUnmet(allowed: readonly string[] | undefined, method: MergeFacts['method']): string | null {
  if (allowed === undefined || allowed.length === 0 || method === null || allowed.includes(method)) return null;
  return `${METHOD[method]} are not allowed on this branch.`;
}

type ReviewParameters = Extract<EffectiveRule['rule'], { type: 'pull_request' }>['parameters'];

function* reviewsUnmet(asked: ReviewParameters, facts: MergeFacts): Generator<string> {
  const count = asked.required_approving_review_count;
  const given = facts.approvals.length;
  if (given < count) {
    const reviews = count === 1 ? 'review is' : 'reviews are';
    yield `At least ${count} approving ${reviews} required by reviewers with write access.`;
  }
  if (count > 0 && facts.changesRequested) yield 'Changes have been requested by a reviewer with write access.';
  if (asked.require_code_owner_review) {
    for (const owners of facts.missingOwners) yield `Waiting on code owner review from ${owners}.`;
  }
  const byAnother = facts.approvals.some(({ userId, onHead }) => onHead && userId !== facts.lastPusherId);
  if (asked.require_last_push_approval && (facts.lastPusherId === null || !byAnother)) {
    yield 'New changes require approval from someone other than the last pusher.';
  }
  if (asked.required_review_thread_resolution && facts.openThreads > 0) {
    yield 'A conversation must be resolved before this pull request can be merged.';
  }
}

/** How a required check stands: each report of that name (by that App, if one is named) must have passed, and there must be one. */
export function standing(required: RequiredCheck, facts: readonly CheckFact[]): CheckFact['state'] | 'expected' {
  const app = required.integration_id ?? null;
  const reports = facts.filter(({ context, appId }) => context === required.context && (app === null || appId === app));
  if (reports.length === 0) return 'expected';
  if (reports.some(({ state }) => state === 'failing')) return 'failing';
  return reports.some(({ state }) => state === 'pending') ? 'pending' : 'success';
}

/** GitHub's sentence about required checks that have not passed, or null. */
export function checksUnmet(required: readonly RequiredCheck[], facts: readonly CheckFact[]): string | null {
  const open = required
    .map((check) => ({ check, state: standing(check, facts) }))
    .filter(({ state }) => state !== 'success');
  const [first] = open;
  if (first === undefined) return null;
  if (required.length === 1) return `Required status check "${first.check.context}" is ${first.state}.`;
  const states = [...new Set(open.map(({ state }) => state))];
  const head = `${open.length} of ${required.length} required status checks`;
  if (states.length === 1) return `${head} ${open.length === 1 ? 'is' : 'are'} ${states[0]}.`;
  const parts = states.map((state) => `${open.filter((each) => each.state === state).length} ${state}`);
  return `${head} have not succeeded: ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.`;
}
