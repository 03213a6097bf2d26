import { withinCeiling } from '../agents/ceiling.ts';
import { type Routing, routeDeveloper } from '../agents/routing.ts';
import type { DomainEvent } from '../events/catalogue.ts';
import { isHopeless } from './epic.ts';
import { gradeOf, trustedWork } from './grade.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/** What a person was asked for is there now: a tier policy, an Agent that takes the work and is trusted with it, a dependency or a child with hope. */
export function observeAnswer(state: IssueState, world: World): DomainEvent[] {
  const { awaiting } = state;
  if (awaiting === null || !isThere(state, world)) return [];
  return [{ type: 'HUMAN_GATE_CLEARED', data: { reason: awaiting.reason } }];
}

function isThere(state: IssueState, world: World): boolean {
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
      return routing?.fit === 'agents' && withinCeiling(routing.candidates, trustedWork(state)).fit === 'agents';
    }
    case 'NoAgentFits':
      return routed(state, world)?.fit === 'agents';
    default:
      return false;
  }
}

/** Who takes the work; null where that cannot be told. */
function routed({ classified }: IssueState, world: World): Routing | null {
  if (!world.repository.known || !world.stack.known || classified === null) return null;
  return routeDeveloper(world.agents, world.repository.value, classified.taskClass, world.stack.value);
}
