import type { Tier } from '../events/catalogue.ts';
import { modelOf } from './model.ts';
import { type Ceiling, ceilings } from './policy.ts';

/**
 * The ceiling under which an Agent is dispatched: the lowest of all models that may answer for it, its own and its fallbacks. T0 where none is
 * named.
 */
export function dispatchCeiling(models: readonly string[], ceilingOf: (model: string) => Ceiling): Ceiling {
  const each = [...new Set(models.map(modelOf))].map((model) => ceilings.indexOf(ceilingOf(model)));
  return each.length === 0 ? 'T0' : ceilings[Math.min(...each)]!;
}

/** Whether work of a tier lies within a ceiling: T3 lies within none. */
export function isWithin(tier: Tier, ceiling: Ceiling): boolean {
  return (ceilings as readonly Tier[]).includes(tier) && tier <= ceiling;
}
