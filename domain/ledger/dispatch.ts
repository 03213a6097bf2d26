import type { Tier } from '../events/catalogue.ts';
import { modelOf } from './model.ts';
import { type Ceiling, ceilings } from './policy.ts';

/** The lowest of several ceilings; T0 where there is none. */
export function lowestCeiling(each: readonly Ceiling[]): Ceiling {
  return each.length === 0 ? 'T0' : ceilings[Math.min(...each.map((one) => ceilings.indexOf(one)))]!;
}

/**
 * The ceiling under which an Agent is dispatched: the lowest of all models that may answer for it, its own and its fallbacks. T0 where none is
 * named.
 */
export function dispatchCeiling(models: readonly string[], ceilingOf: (model: string) => Ceiling): Ceiling {
  return lowestCeiling([...new Set(models.map(modelOf))].map(ceilingOf));
}

/**
 * The models that would answer now where these are asked for, as they are named in the ledger: an id is worth what answered to it last, `answered` by what
 * was asked for, for a provider may put another model behind it.
 */
export function modelsNow(asked: readonly string[], answered: ReadonlyMap<string, string>): string[] {
  return [...new Set(asked.map((id) => modelOf(answered.get(id) ?? id)))];
}

/** Whether work of a tier lies within a ceiling: T3 lies within none. */
export function isWithin(tier: Tier, ceiling: Ceiling): boolean {
  return (ceilings as readonly Tier[]).includes(tier) && tier <= ceiling;
}
