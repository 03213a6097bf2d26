import type { RequiredCheck } from './types.ts';

/** Name of the ruleset that the rig writes; others are left alone. */
export const RULESET_NAME = 'rig';

/** What a Repository asks the forge to hold every merge to, the conductor's included. */
export interface RuleWish {
  readonly branch: string;
  readonly checks: readonly RequiredCheck[];
  readonly codeOwners: boolean;
  readonly mergeMethod: 'squash' | 'merge' | 'rebase';
  /** A ruleset, as it stood at `updatedAt`, of which a person who may see it said that nobody can bypass it. */
  readonly attested: { readonly id: number; readonly updatedAt: string } | null;
}

/** The rules of one ruleset as far as the rig knows their kinds. */
export interface RulesetRules {
  /** The branch cannot be deleted. */
  readonly deletion: boolean;
  /** The branch cannot be pushed to by force. */
  readonly nonFastForward: boolean;
  readonly pullRequest: {
    readonly approvals: number;
    readonly dismissStale: boolean;
    readonly codeOwners: boolean;
    readonly lastPush: boolean;
    readonly threads: boolean;
    /** Ways to merge that are left; null for all. */
    readonly mergeMethods: readonly string[] | null;
  } | null;
  /** `app` is null where any App, or a commit status, will do. */
  readonly checks: readonly { readonly name: string; readonly app: string | null }[];
}

/** One active ruleset of a branch, or with the id 0 the branch's own protection. */
export interface RulesetFacts extends RulesetRules {
  readonly id: number;
  readonly name: string;
  readonly updatedAt: string | null;
  /** `hidden`: the forge does not tell this identity who may bypass it. */
  readonly bypass: 'nobody' | 'somebody' | 'hidden';
}

/** Everything that the forge holds one branch to. */
export interface BranchRules {
  readonly rulesets: readonly RulesetFacts[];
  /** True where the branch may have a protection of its own besides, which the conductor is not told. */
  readonly unread?: boolean;
}

/** How the forge's rules stand to what is asked. Only `enforced`, or a waiver that the Repository spells out, passes. */
export type Enforcement =
  | { readonly state: 'enforced' }
  | { readonly state: 'waived'; readonly because: string }
  | { readonly state: 'differs'; readonly differences: readonly string[] }
  | { readonly state: 'hidden'; readonly why: string };

/** The rules of the ruleset that holds what is asked. */
export function wantedRules(wish: RuleWish): RulesetRules {
  return {
    deletion: true,
    nonFastForward: true,
    pullRequest: {
      approvals: 1,
      dismissStale: true,
      codeOwners: wish.codeOwners,
      lastPush: true,
      threads: true,
      mergeMethods: null,
    },
    checks: wish.checks.map(({ name, app }) => ({ name, app })),
  };
}

/** One thing that is asked: what to call it where it is missing, and whether these rules hold it. */
interface Demand {
  readonly missing: string;
  readonly held: (rules: RulesetRules) => boolean;
}

function demands(wish: RuleWish): Demand[] {
  const onPullRequest = (
    missing: string,
    held: (rule: NonNullable<RulesetRules['pullRequest']>) => boolean,
  ): Demand => ({ missing, held: ({ pullRequest }) => pullRequest !== null && held(pullRequest) });
  return [
    { missing: `${wish.branch} may be deleted`, held: (rules) => rules.deletion },
    { missing: `${wish.branch} may be pushed to by force`, held: (rules) => rules.nonFastForward },
    onPullRequest(`${wish.branch} takes commits without a pull request`, () => true),
    onPullRequest('no approval is required', (rule) => rule.approvals >= 1),
    onPullRequest('an approval stays when the head moves', (rule) => rule.dismissStale),
    onPullRequest('whoever pushed last may approve', (rule) => rule.lastPush),
    onPullRequest('open review threads do not hold a merge', (rule) => rule.threads),
    ...(wish.codeOwners ? [onPullRequest('code owners need not approve', (rule) => rule.codeOwners)] : []),
    ...wish.checks.map(({ name, app }) => ({
      missing: `check ${name} of ${app} is not required`,
      held: ({ checks }: RulesetRules) => checks.some((check) => check.name === name && check.app === app),
    })),
  ];
}

/** What the forge asks beyond the Repository: a merge that the gate allows would be refused. */
function excess(wish: RuleWish, { rulesets }: BranchRules): string[] {
  const pulls = rulesets.flatMap(({ pullRequest }) => pullRequest ?? []);
  const approvals = Math.max(0, ...pulls.map((rule) => rule.approvals));
  const asked = (check: { name: string; app: string | null }) =>
    wish.checks.some(({ name, app }) => name === check.name && (check.app === null || check.app === app));
  const more = rulesets.flatMap(({ checks }) => checks).filter((check) => !asked(check));
  const forbids = pulls.some(({ mergeMethods }) => mergeMethods !== null && !mergeMethods.includes(wish.mergeMethod));
  return [
    ...(approvals > 1 ? [`${approvals} approvals are required, and the rig asks for one`] : []),
    ...(pulls.some((rule) => rule.codeOwners) && !wish.codeOwners
      ? ['code owners have to approve, which the Repository does not say']
      : []),
    ...[...new Set(more.map((check) => `check ${check.name} is required, which the Repository does not list`))],
    ...(forbids ? [`merging by ${wish.mergeMethod} is forbidden`] : []),
  ];
}

/** Compares what is asked with what the forge holds, in words. A rule that somebody may bypass holds nothing. Pure and total. */
export function compareRules(wish: RuleWish, rules: BranchRules): Enforcement {
  const attested = ({ id, updatedAt }: RulesetFacts) =>
    wish.attested !== null && wish.attested.id === id && wish.attested.updatedAt === updatedAt;
  const firm = rules.rulesets.filter((set) => set.bypass === 'nobody' || (set.bypass === 'hidden' && attested(set)));
  const hidden = rules.rulesets.filter((set) => set.bypass === 'hidden' && !firm.includes(set));
  const loose = rules.rulesets.filter((set) => set.bypass === 'somebody');
  const open = demands(wish).filter(({ held }) => !firm.some(held));
  const missing = open.filter(({ held }) => !hidden.some(held));
  const lacking = missing.map(({ missing: words, held }) => {
    const by = loose.find(held);
    return by === undefined ? words : `${words}, for somebody may bypass ${called(by)}`;
  });
  const more = excess(wish, rules);
  if (more.length > 0 || (lacking.length > 0 && rules.unread !== true))
    return { state: 'differs', differences: [...lacking, ...more] };
  if (lacking.length > 0)
    return {
      state: 'hidden',
      why: `The forge does not tell the conductor what the branch protection of ${wish.branch} holds beside its rulesets, which leave open: ${lacking.join('; ')}`,
    };
  if (open.length === 0) return { state: 'enforced' };
  const names = hidden.map(({ name }) => name).join(', ');
  return { state: 'hidden', why: `The forge does not tell the conductor who may bypass ruleset ${names}` };
}

function called({ id, name }: RulesetFacts): string {
  return id === 0 ? 'the branch protection' : `ruleset ${name}`;
}
