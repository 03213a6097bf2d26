import type { Tier } from '../events/catalogue.ts';
import type { IssueState } from './state.ts';
import type { TierAnswer, World } from './world.ts';

const rank = { T0: 0, T1: 1, T2: 2, T3: 3 } as const satisfies Record<Tier, number>;

/** Whether one tier stands above another. */
export function isHigher(tier: Tier, than: Tier): boolean {
  return rank[tier] > rank[than];
}

/** What the tier port answers, raised to what people asked for: a floor only ever raises. Null where nothing grades the work. */
export function gradeOf(state: IssueState, world: World): TierAnswer {
  const { tier } = world;
  const floor = floorOf(state);
  if (tier === null || floor === null || !isHigher(floor, tier.tier)) return tier;
  return { ...tier, tier: floor, reason: `A person set the floor to ${floor}; graded by itself it is ${tier.tier}.` };
}

/** Whether a person asked for a higher tier than the one that the issue was graded as: what runs was dispatched at the wrong one. */
export function outgrown(state: IssueState): boolean {
  const floor = floorOf(state);
  return state.classified !== null && floor !== null && isHigher(floor, state.classified.tier);
}

/** The higher of what the Issue's wish names and what a command asked for. */
export function floorOf(state: IssueState): Tier | null {
  const wished = state.spec?.tier ?? null;
  const { tierFloor } = state;
  if (wished === null || tierFloor === null) return wished ?? tierFloor;
  return isHigher(wished, tierFloor) ? wished : tierFloor;
}
