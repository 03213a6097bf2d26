import { withinCeiling } from '../agents/ceiling.ts';
import { type Routing, routeDeveloper } from '../agents/routing.ts';
import type { DomainEvent } from '../events/catalogue.ts';
import { termsOf } from '../gate/terms.ts';
import { consentFor } from './consent.ts';
import { isHopeless } from './epic.ts';
import { effectiveGrade, gradeOf, isGraded, trustedWork } from './grade.ts';
import { isPlanned } from './plan.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/**
 * What a person was asked for is there now: a tier policy, an Agent that takes the work and is trusted with it, a dependency or a child with hope,
 * a signature over what waits for one. */
export function observeAnswer(state: IssueState, world: World, now: number): DomainEvent[] {
  const { awaiting } = state;
  if (awaiting === null || !isThere(state, world, now)) return [];
  return [{ type: 'HUMAN_GATE_CLEARED', data: { reason: awaiting.reason } }];
}

function isThere(state: IssueState, world: World, now: number): boolean {
  switch (state.awaiting?.reason) {
    case 'DependencyOpen':
      return world.hopelessDependencies.length === 0;
    case 'ChildFailed':
      return !world.children.some(isHopeless);
    case 'NoTierPolicy':
    case 'TierPolicyInvalid':
      return gradeOf(state, world) !== null;
    case 'CeilingTooLow': {
      const routing = routed(state, world);
      if (routing?.fit !== 'agents') return false;
      if (consentFor(state, 'dispatch', now) !== null) return true;
      return withinCeiling(routing.candidates, { ...trustedWork(state), issue: world.name }).fit === 'agents';
    }
    case 'TierOfPeople':
      return termsOf(world.terms, trustedWork(state).tier).dispatch === 'agent';
    case 'InterfaceUnapproved':
      // Where nothing grades the work, what the tiers ask is not known either.
      return consentFor(state, 'interface', now) !== null || (world.tier !== null && !isPlanned(state, world.terms));
    case 'IrreversibleTier':
      return consentFor(state, 'merge', now) !== null || isLowered(state, world);
    case 'NoAgentFits':
      return routed(state, world)?.fit === 'agents';
    default:
      return false;
  }
}

/** The work is graded T3 no more, by the head that is there now, whoever pushed that, and no agent has a claim of it. */
function isLowered(state: IssueState, world: World): boolean {
  return state.work === null && effectiveGrade(state)?.tier !== 'T3' && isGraded(state, world);
}

/** Who takes the work; null where that cannot be told. */
function routed({ classified }: IssueState, world: World): Routing | null {
  if (!world.repository.known || !world.stack.known || classified === null) return null;
  return routeDeveloper(world.agents, world.repository.value, classified.taskClass, world.stack.value);
}
