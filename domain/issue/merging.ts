import type { Reason } from '#crds';
import { authorWithin } from '../agents/ceiling.ts';
import type { AgentRef } from '../events/catalogue.ts';
import { decideMerge, type GateDecision } from '../gate/gate.ts';
import type { GateInput } from '../gate/types.ts';
import { type Action, awaitHuman, wait } from './action.ts';
import { effectiveGrade, isGraded, trustedWork } from './grade.ts';
import type { ShownPull } from './merges.ts';
import type { IssueState } from './state.ts';
import type { Policy, RepositoryPolicy, World } from './world.ts';

export function mergeOrSay(state: IssueState, world: World, policy: Policy, now: number): Action {
  const decision = gateOf(state, world, policy, now);
  const pullRequest = state.pullRequest!;
  if (decision.missing === null) {
    const refused = afterRefusal(state, policy, now);
    if (refused !== null) return refused;
    const { mergeMethod } = (world.repository as { value: RepositoryPolicy }).value;
    return {
      do: 'merge',
      number: pullRequest.number,
      headSHA: pullRequest.headSHA,
      method: mergeMethod,
      reason: 'AllGatesPassed',
      message: 'Every gate passed.',
    };
  }
  const { gate, state: standing, reason, message } = decision.missing;
  // A ruleset that cannot be seen is not seen better by reading the pull request once more.
  if (standing === 'unknown' && gate !== 'enforced') return readAgain(current(state, world), policy, now, message);
  const told =
    state.waiting?.gate === gate && state.waiting.reason === reason && state.waiting.headSHA === pullRequest.headSHA;
  return told
    ? wait(reason, message, now + 60_000)
    : { do: 'reportGate', gate, headSHA: pullRequest.headSHA, reason, message };
}

/** What follows when the forge refused this head: a pause that doubles, in the end a person; null when it may be asked again. */
function afterRefusal({ waiting, refusals, pullRequest }: IssueState, policy: Policy, now: number): Action | null {
  if (waiting?.headSHA !== pullRequest!.headSHA || !REFUSALS.has(waiting.reason)) return null;
  const times = refusals?.headSHA === waiting.headSHA ? refusals.times : 1;
  if (times >= policy.maxRefusals)
    return awaitHuman(
      'MergeRefused',
      `The forge refused to merge #${pullRequest!.number} ${times} times, though every gate passes; a person has to look: ${waiting.message}`,
    );
  const due = waiting.at + policy.mergeBackoff * 2 ** (times - 1);
  if (now >= due) return null;
  return wait('MergeRefused', `The forge refused the merge, and is asked again soon: ${waiting.message}`, due);
}

/** Reasons the merge call itself gives: the gate had passed. */
const REFUSALS: ReadonlySet<string> = new Set<Reason>(['MergeRefused', 'NotMergeable', 'HeadMoved']);

/** The pull request of the newest attempt, as {@link readAgain} takes it. */
export function current({ pullRequest }: IssueState, world: World): Pick<ShownPull, 'number' | 'readAt'> {
  return { number: pullRequest!.number, readAt: world.pullRequestReadAt };
}

/** Reads a pull request whole, but not more often than the policy allows. */
export function readAgain(
  pull: Pick<ShownPull, 'number' | 'readAt'>,
  policy: Policy,
  now: number,
  why: string,
): Action {
  const due = pull.readAt + policy.readInterval;
  return now >= due
    ? { do: 'readPullRequest', number: pull.number, reason: 'FactUnknown', message: why }
    : wait('FactUnknown', why, due);
}

/** The merge gate on what is known now. Before a merge it is asked again with a live read. */
export function gateOf(state: IssueState, world: World, policy: Policy, now: number): GateDecision {
  return decideMerge(gateInput(state, world, policy, now));
}

function gateInput(state: IssueState, world: World, policy: Policy, now: number): GateInput {
  const repository = world.repository.known ? world.repository.value : null;
  return {
    pullRequest: repository === null ? { known: false, why: 'The Repository is not known.' } : world.pullRequest,
    repository: {
      id: repository?.forgeId ?? 0,
      name: repository?.name ?? '',
      defaultBranch: repository?.defaultBranch ?? '',
      requiredChecks: repository?.requiredChecks ?? [],
      blockLabels: repository?.blockLabels ?? [],
    },
    issue: {
      number: state.spec?.number ?? 0,
      branch: state.lastWork?.branch ?? null,
      agent: state.lastWork?.agent.name ?? null,
      headSHA: state.pullRequest?.headSHA ?? null,
      forwarded: state.forwarded,
      wishGeneration: state.wishGeneration,
      workGeneration: state.lastWork?.generation ?? null,
      tier: effectiveGrade(state)?.tier ?? null,
    },
    reviewers: new Set(
      world.agents.flatMap((agent) => (agent.role === 'reviewer' && agent.account ? [agent.account.id] : [])),
    ),
    machines: world.machines,
    developers: new Set(
      world.agents.flatMap((agent) => (agent.role === 'developer' && agent.account ? [agent.account.id] : [])),
    ),
    ...world.gate,
    permissions: world.permissions,
    unaccounted: world.unaccounted,
    headPushedBy: world.headPushedBy,
    tierGate: tierGate(state, world),
    now,
    maxAgeMs: policy.factMaxAge,
  };
}

/** The tier row as far as the tier port answers: ungraded work never passes. */
function tierGate(state: IssueState, world: World): GateInput['tierGate'] {
  const gate = 'tier';
  if (world.tier === null)
    return {
      gate,
      state: 'fail',
      reason: 'NoTierPolicy',
      message: 'Nothing grades the blast radius of this work, so a person has to merge it.',
    };
  if (world.change !== undefined && !isGraded(state))
    return {
      gate,
      state: 'wait',
      reason: 'FactUnknown',
      message: `The change has not been graded yet${world.change.known ? '' : `: ${world.change.why}`}`,
    };
  const { tier, reason } = effectiveGrade(state) ?? { tier: 'T3', reason: '' };
  if (tier === 'T3')
    return { gate, state: 'fail', reason: 'IrreversibleTier', message: 'A T3 change is merged by a person.' };
  const { lastWork } = state;
  // A change that a person opened is that person's: no Agent is trusted with it.
  const author = lastWork === null ? null : lastWork.agent;
  const above = author && authorAbove(state, world, author);
  return above ?? { gate, state: 'pass', reason: 'Passed', message: `Graded ${tier}: ${reason}` };
}

/** What the author of the change is not trusted with, read now: a rollback may have cost it since it was given the work. */
function authorAbove(state: IssueState, world: World, author: AgentRef): GateInput['tierGate'] | null {
  // Where changes are not graded no ceiling holds either.
  if (world.change === undefined && world.agents.every(({ ceilings }) => ceilings === undefined)) return null;
  const agent = world.agents.find(({ uid }) => uid === author.uid);
  const missing = authorWithin(agent, author.name, trustedWork(state));
  if (missing === null) return null;
  const reason = missing.fit === 'unknown' ? 'FactUnknown' : 'CeilingTooLow';
  return { gate: 'tier', state: 'wait', reason, message: missing.message };
}
