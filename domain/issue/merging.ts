import type { Reason } from '#crds';
import { accountsOf } from '../agents/routing.ts';
import { decideMerge, type GateDecision } from '../gate/gate.ts';
import type { GateInput } from '../gate/types.ts';
import { type Action, awaitHuman, wait } from './action.ts';
import { attestorQuestion, sloQuestion } from './asked.ts';
import { consentFor } from './consent.ts';
import { effectiveGrade } from './grade.ts';
import type { ShownPull } from './merges.ts';
import type { IssueState } from './state.ts';
import { tierGate } from './tier-row.ts';
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
  // Production and signatures are read elsewhere, which tells when they are.
  if ((gate === 'slo' || gate === 'attestors') && reason === 'FactUnknown')
    return wait(reason, message, now + policy.readInterval);
  // A ruleset or a number that cannot be seen is not seen better by reading the pull request once more.
  if (standing === 'unknown' && gate !== 'enforced' && gate !== 'slo')
    return readAgain(current(state, world), policy, now, message);
  const told =
    state.waiting?.gate === gate && state.waiting.reason === reason && state.waiting.headSHA === pullRequest.headSHA;
  if (told && gate === 'approved') return lookAgain(current(state, world), now, { reason, message });
  return told
    ? wait(reason, message, now + (gate === 'attestors' ? SIGNATURE_PAUSE : 60_000))
    : { do: 'reportGate', gate, headSHA: pullRequest.headSHA, reason, message };
}

/** Between two looks for what machines signed, of which no forge tells, in ms. */
const SIGNATURE_PAUSE = 20_000;
/** Between two reads of a head that waits for the verifier, in ms. */
const VERIFIER_PAUSE = 10_000;

/** The verifier changes its mind on a check that is there already, which a forge need not tell. */
function lookAgain(
  { number, readAt }: Pick<ShownPull, 'number' | 'readAt'>,
  now: number,
  said: { reason: Reason; message: string },
): Action {
  const due = readAt + VERIFIER_PAUSE;
  return now >= due ? { do: 'readPullRequest', number, ...said } : wait(said.reason, said.message, due);
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
      approvalApp: repository?.approvalApp ?? null,
    },
    issue: {
      name: world.name,
      number: state.spec?.number ?? 0,
      branch: state.lastWork?.branch ?? null,
      agent: state.lastWork?.agent.name ?? null,
      headSHA: state.pullRequest?.headSHA ?? null,
      forwarded: state.forwarded,
      wishGeneration: state.wishGeneration,
      workGeneration: state.lastWork?.generation ?? null,
      tier: effectiveGrade(state)?.tier ?? null,
    },
    reviewers: accountsOf(world.agents, 'reviewer'),
    machines: world.machines,
    developers: accountsOf(world.agents, 'developer'),
    ...world.gate,
    permissions: world.permissions,
    unaccounted: world.unaccounted,
    headPushedBy: world.headPushedBy,
    consent: consentFor(state, 'merge', now),
    tierGate: tierGate(state, world, now),
    slo: sloQuestion(state, world, repository),
    attestors: attestorQuestion(state, world, now),
    now,
    maxAgeMs: policy.factMaxAge,
  };
}
