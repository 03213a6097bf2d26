import { routeDeveloper } from '../agents/routing.ts';
import type { DomainEvent } from '../events/catalogue.ts';
import { isHopeless } from './epic.ts';
import { gradeOf } from './grade.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/** What a person was asked for is there now: a tier policy, an Agent that takes the work, a dependency or a child with hope. */
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
    case 'NoAgentFits': {
      if (!world.repository.known || !world.stack.known || state.classified === null) return false;
      const { taskClass } = state.classified;
      return routeDeveloper(world.agents, world.repository.value, taskClass, world.stack.value).fit === 'agents';
    }
    default:
      return false;
  }
}
