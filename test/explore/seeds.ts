import { type IssueState, known, nextAction, type PullRequestFacts, type World } from '#domain';
import { wait } from '../../domain/issue/action.ts';
import { check } from '../../domain/testing/facts.ts';
import { type Rules, realRules } from './rules.ts';
import type { Limits } from './search.ts';

/** A bug sown into the real rules, and what has to find it. */
export interface Seed {
  readonly name: string;
  readonly rules: Rules;
  readonly limits: Pick<Limits, 'issues' | 'setbacks' | 'faults' | 'people'>;
  readonly breaks: string;
}

const quiet = { issues: 2, setbacks: 0, faults: 0, people: 0 };

/** The gate and the rules see the pull request through these eyes. */
function seeing(change: (pr: PullRequestFacts) => Partial<PullRequestFacts>): Pick<Rules, 'nextAction' | 'gateOf'> {
  const blinded = (world: World): World => {
    const { pullRequest } = world;
    if (!pullRequest.known) return world;
    const value = { ...pullRequest.value, ...change(pullRequest.value) };
    return { ...world, pullRequest: known(value, pullRequest.observedAt) };
  };
  return {
    nextAction: (state, world, policy, now) => realRules.nextAction(state, blinded(world), policy, now),
    gateOf: (state, world, policy, now) => realRules.gateOf(state, blinded(world), policy, now),
  };
}

/** An approval outlives a push: for the gate, and for the state that the events make. */
const staleApprovals: Rules = {
  ...realRules,
  ...seeing(({ head, reviews }) => ({ reviews: reviews.map((review) => ({ ...review, commitSHA: head.sha })) })),
  evolve: (state, event) => {
    const after = realRules.evolve(state, event);
    const { pullRequest, verdict } = after;
    if (pullRequest === null || verdict?.passed !== true) return after;
    return { ...after, verdict: { ...verdict, headSHA: pullRequest.headSHA } };
  },
};

const uncheckedMerges: Rules = {
  ...realRules,
  ...seeing(({ head }) => ({ checks: [check({ headSHA: head.sha, branch: head.ref })] })),
};

/** Takes a live claim without a pull request for no claim. */
const secondClaims: Rules = {
  ...realRules,
  nextAction: (state, world, policy, now) => {
    const idle = state.work !== null && state.pullRequest === null && state.ending === null;
    return nextAction(
      idle ? { ...state, work: null, lastEnd: { work: null, review: null } } : state,
      world,
      policy,
      now,
    );
  },
};

const forgottenMerges: Rules = {
  ...realRules,
  evolve: (state, event) =>
    event.type === 'MERGED' ? { ...state, version: event.version } : realRules.evolve(state, event),
};

const deadFences: Rules = {
  ...realRules,
  decideReport: (state, caller, report) => {
    const decision = realRules.decideReport(state, caller, report);
    return decision.accepted ? decision : { accepted: true, events: [] };
  },
};

/** One that was refused once is never asked for again. */
const endlessWaits: Rules = {
  ...realRules,
  nextAction: (state, world, policy, now) => {
    const action = nextAction(state, world, policy, now);
    return action.do === 'merge' && refusedOnce(state) ? wait('MergeRefused', 'The forge refused.') : action;
  },
};

const refusedOnce = ({ waiting }: IssueState): boolean => waiting?.reason === 'MergeRefused';

const unknownPasses: Rules = {
  ...realRules,
  ...seeing(({ complete }) => ({ complete: { ...complete, reviews: true } })),
};

/** A close is put down to the merge that was decided, whether or not one was made. */
const deafMerges: Rules = {
  ...realRules,
  nextAction: (state, world, policy, now) => {
    const deaf = state.mergeRequested !== null && state.merged === null;
    return nextAction(state, deaf ? { ...world, forgeIssueClosed: false } : world, policy, now);
  },
};

/** What ended is looked at no more, though a merge was on its way. */
const overtakenCancels: Rules = {
  ...realRules,
  observe: (state, world, policy, now) => (state.ending === null ? realRules.observe(state, world, policy, now) : []),
};

/** What was opened while its claim ended is nobody's. */
const orphans: Rules = { ...realRules, decideOpened: () => [] };

/** What a reviewer left on a head that it passed is nobody's to answer. */
const unansweredRemarks: Rules = {
  ...realRules,
  nextAction: (state, world, policy, now) => {
    const action = nextAction(state, world, policy, now);
    return action.message.startsWith('A review passed it') ? wait('ThreadsOpen', 'Somebody resolves it.') : action;
  },
};

/** Takes for granted what is nearly always there. */
const rashRules: Rules = {
  ...realRules,
  gateOf: (state, world, policy, now) => {
    if (world.pullRequest.known && world.pullRequest.value.reviews[0]!.id < 0) throw new Error('No such review.');
    return realRules.gateOf(state, world, policy, now);
  },
};

export const SEEDS: readonly Seed[] = [
  {
    name: 'a gate that takes the approval of an older head',
    rules: staleApprovals,
    limits: { ...quiet, issues: 1, people: 1 },
    breaks: 'MergeNeedsTheGate',
  },
  {
    name: 'a gate that does not wait for the check',
    rules: uncheckedMerges,
    limits: quiet,
    breaks: 'MergeNeedsTheGate',
  },
  { name: 'an action that claims again while a claim lives', rules: secondClaims, limits: quiet, breaks: 'OneClaim' },
  { name: 'a state that forgets the merge', rules: forgottenMerges, limits: quiet, breaks: 'MergedOnce' },
  {
    name: 'a report that is taken under a dead fence',
    rules: deadFences,
    limits: { ...quiet, faults: 1 },
    breaks: 'DeadFences',
  },
  {
    name: 'a refused merge that nobody asks for again',
    rules: endlessWaits,
    limits: { ...quiet, setbacks: 1 },
    breaks: 'Progress',
  },
  {
    name: 'a merge that overtakes a cancellation and is not told',
    rules: overtakenCancels,
    limits: { ...quiet, issues: 1, people: 1 },
    breaks: 'Progress',
  },
  {
    name: 'a pull request that was opened while its claim ended and is not told',
    rules: orphans,
    limits: { ...quiet, issues: 1, people: 1 },
    breaks: 'Progress',
  },
  {
    name: 'a close by a person that is not heard while a merge is decided',
    rules: deafMerges,
    limits: { ...quiet, issues: 1, faults: 1, people: 1 },
    breaks: 'MergeNeedsTheGate',
  },
  {
    name: 'a thread of a review that was lost, which nobody answers',
    rules: unansweredRemarks,
    limits: { ...quiet, issues: 1, setbacks: 1, faults: 1 },
    breaks: 'Progress',
  },
  { name: 'a rule that throws where something is missing', rules: rashRules, limits: quiet, breaks: 'RulesAnswer' },
  {
    name: 'a gate that takes half a list of reviews for the whole',
    rules: unknownPasses,
    limits: quiet,
    breaks: 'UnknownNeverPasses',
  },
];
