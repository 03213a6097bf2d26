import { authorWithin } from '../agents/ceiling.ts';
import type { ApprovalScope } from '../approval/document.ts';
import type { RecordedApproval } from '../approval/known.ts';
import { termsOf } from '../gate/terms.ts';
import type { GateInput } from '../gate/types.ts';
import { vouching } from './asked.ts';
import { consentFor } from './consent.ts';
import { effectiveGrade, isGraded, outgrown, trustedWork } from './grade.ts';
import { interfaceMissing } from './plan.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/** The tier row as far as the tier port answers: ungraded work never passes. */
export function tierGate(state: IssueState, world: World, now: number): GateInput['tierGate'] {
  const gate = 'tier';
  if (world.tier === null)
    return {
      gate,
      state: 'fail',
      reason: 'NoTierPolicy',
      message: 'Nothing grades the blast radius of this work, so a person has to merge it.',
    };
  if (world.change !== undefined && !isGraded(state, world))
    return {
      gate,
      state: 'wait',
      reason: 'FactUnknown',
      message: `The change has not been graded yet${world.change.known ? '' : `: ${world.change.why}`}`,
    };
  if (outgrown(state, world))
    return {
      gate,
      state: 'wait',
      reason: 'Unclassified',
      message: 'The work is graded higher by now than when it was begun; it is classified anew first.',
    };
  const { tier, reason } = effectiveGrade(state) ?? { tier: 'T3', reason: '' };
  if (tier === 'T3') return signed(state, world, now);
  const { gates } = termsOf(world.terms, tier);
  const unplanned = gates.includes('interfaceApproval') ? interfaceMissing(state, world, now) : null;
  if (unplanned !== null) return { gate, state: 'fail', reason: 'InterfaceUnapproved', message: unplanned };
  const unsigned = gates.includes('mergeApproval') ? signed(state, world, now) : null;
  if (unsigned !== null && unsigned.state !== 'pass') return { ...unsigned, reason: 'ApprovalMissing' };
  const above = consentFor(state, 'dispatch', now) === null ? authorAbove(state, world) : null;
  const passed = { gate, state: 'pass', reason: 'Passed', message: `Graded ${tier}: ${reason}` } as const;
  return authorSuspended(state, world, now) ?? above ?? passed;
}

/**
 * Every Approval by which the gate passes, people who vouch among them; whoever merges verifies each of them once more. Null where one that it takes is
 * not there: then it does not pass.
 */
export function consentsToMerge(state: IssueState, world: World, now: number): readonly RecordedApproval[] | null {
  const tier = effectiveGrade(state)?.tier ?? 'T3';
  const { gates } = termsOf(world.terms, tier);
  const below = tier !== 'T3';
  const lets: ApprovalScope[] = [];
  if (!below || gates.includes('mergeApproval') || isSuspended(state, world)) lets.push('merge');
  if (below && gates.includes('interfaceApproval')) lets.push('interface');
  if (below && authorAbove(state, world) !== null) lets.push('dispatch');
  const taken = lets.map((scope) => consentFor(state, scope, now));
  if (!taken.every((one) => one !== null)) return null;
  const vouch = gates.includes('attestors') ? vouching(state, now) : [];
  return [...taken, ...vouch.filter(({ uid }) => !taken.some((one) => one.uid === uid))];
}

/** A change that cannot be undone, or whose tier asks for it, is merged with the signature of a listed person over this very head, and never without. */
function signed(state: IssueState, { name }: World, now: number): GateInput['tierGate'] {
  const tier = effectiveGrade(state)?.tier ?? 'T3';
  const consent = consentFor(state, 'merge', now);
  const gate = 'tier';
  const head = state.pullRequest?.headSHA.slice(0, 8) ?? 'its head';
  if (consent === null)
    return {
      gate,
      state: 'fail',
      reason: 'IrreversibleTier',
      message: `A ${tier} change is merged only with a person's signature over ${head}: \`rig approve ${name} --scope merge\`.`,
    };
  return {
    gate,
    state: 'pass',
    reason: 'Passed',
    message: `Graded ${tier}; ${consent.identity.subject} signed ${head}.`,
  };
}

/** A person stopped whoever made the change: it waits for them, or for somebody who takes this very head on themselves. */
function authorSuspended(state: IssueState, world: World, now: number): GateInput['tierGate'] | null {
  if (!isSuspended(state, world) || consentFor(state, 'merge', now) !== null) return null;
  const who = state.lastWork!.agent.name;
  const message = `Agent ${who}, which made the change, is suspended: set its spec.suspend to false, or sign this head with \`rig approve ${world.name} --scope merge\`.`;
  return { gate: 'tier', state: 'fail', reason: 'AgentSuspended', message };
}

function isSuspended({ lastWork }: IssueState, { agents }: World): boolean {
  return agents.some(({ uid, suspended }) => suspended && uid === lastWork?.agent.uid);
}

/** What the author of the change is not trusted with, read now: a rollback may have cost it since it was given the work. */
function authorAbove(state: IssueState, world: World): GateInput['tierGate'] | null {
  // A change that a person opened is that person's: no Agent is trusted with it.
  const author = state.lastWork?.agent;
  if (author === undefined) return null;
  // Where changes are not graded no ceiling holds either.
  if (world.change === undefined && world.agents.every(({ ceilings }) => ceilings === undefined)) return null;
  const agent = world.agents.find(({ uid }) => uid === author.uid);
  const missing = authorWithin(agent, author.name, { ...trustedWork(state), issue: world.name }, state.models);
  if (missing === null) return null;
  const reason = missing.fit === 'unknown' ? 'FactUnknown' : 'CeilingTooLow';
  return { gate: 'tier', state: 'wait', reason, message: missing.message };
}
