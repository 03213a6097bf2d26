import { durationText, windowsOf } from '../slo/budget.ts';
import type { Events, Sample, SloFacts } from '../slo/facts.ts';
import type { BudgetWish } from '../slo/wish.ts';

/** One bad event in a thousand, in thirty days. */
export const budget: BudgetWish = { name: 'availability', objective: 0.999, window: 30 * 86_400_000, minRemaining: 0 };

const value = (number: number): Sample => ({ known: true, value: number });

/** A service that keeps everything, half of its budget left, with what is changed in it; windows by their text, such as `1h`. */
export function production(
  over: {
    readonly levels?: Readonly<Record<string, Sample>>;
    readonly windows?: Readonly<Record<string, Partial<Events>>>;
  } = {},
): SloFacts {
  const levels = { latency: value(0.2), replicas: value(3), ...over.levels };
  const windows = windowsOf(budget).map((window): [number, Events] => [
    window,
    { good: value(999.5), total: value(1_000), ...over.windows?.[durationText(window)] },
  ]);
  return { levels: new Map(Object.entries(levels)), budgets: new Map([[budget.name, new Map(windows)]]) };
}

export const quiet: SloFacts = production();
