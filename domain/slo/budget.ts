import { type Events, notAsked, type Sample } from './facts.ts';
import type { BudgetWish } from './wish.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Pairs of windows that say together that a budget is being used up too fast: the long one that it matters, the short one that it still goes on.
 * `share` is the part of the whole budget that may be gone in the long one (Site Reliability Workbook, chapter 5: 2 % in an hour, 5 % in six).
 */
const ALARMS = [
  { long: HOUR, short: 5 * MINUTE, share: 0.02 },
  { long: 6 * HOUR, short: 30 * MINUTE, share: 0.05 },
] as const;

/** Good events may outrun all events by so much: the two are counted by sums of floating point numbers. */
const ROUNDING = 1e-6;

/** Every window, in ms, that has to be asked about for a budget, the longest last. */
export function windowsOf({ window }: Pick<BudgetWish, 'window'>): number[] {
  return [...new Set([...ALARMS.flatMap(({ long, short }) => [short, long]), window])].toSorted((a, b) => a - b);
}

/** The burn rate at which an alarm's share of the budget is gone in its long window; never below the rate that just lasts. */
function limitOf({ window }: Pick<BudgetWish, 'window'>, { long, share }: (typeof ALARMS)[number]): number {
  return Math.max(1, (share * window) / long);
}

/** What a budget is at: how much is left, and whether it goes too fast. */
type BudgetState =
  | { readonly state: 'held'; readonly remaining: number }
  | { readonly state: 'depleted'; readonly remaining: number }
  | { readonly state: 'burning'; readonly remaining: number; readonly long: number; readonly burn: number }
  | { readonly state: 'unknown'; readonly message: string };

/**
 * The share of events that were bad, from 0 to 1. No events at all have no share: 0/0 is not "no errors".
 */
export function errorRatio({ good, total }: Events): Sample {
  const bad = [good, total].find((sample) => !sample.known);
  if (bad !== undefined) return bad;
  const [goods, all] = [(good as { value: number }).value, (total as { value: number }).value];
  if (all === 0) return refuse('NoData', 'no events were counted.');
  if (all < 0 || goods < 0 || goods > all * (1 + ROUNDING))
    return refuse('NotANumber', `${goods} good of ${all} events cannot be.`);
  return { known: true, value: Math.max(0, 1 - goods / all) };
}

/** Burn rate: 1 uses up the whole budget in exactly its window. */
export function burnRate(events: Events, { objective }: Pick<BudgetWish, 'objective'>): Sample {
  const ratio = errorRatio(events);
  return ratio.known ? { known: true, value: ratio.value / (1 - objective) } : ratio;
}

/** Where a budget stands. Every window counts: one that cannot be told makes the whole unknown, unless the budget is known to be used up. */
export function budgetState(budget: BudgetWish, windows: ReadonlyMap<number, Events>): BudgetState {
  const burn = (window: number) => burnRate(windows.get(window) ?? { good: notAsked, total: notAsked }, budget);
  const whole = burn(budget.window);
  if (!whole.known) return { state: 'unknown', message: told(budget.window, whole.message) };
  const remaining = 1 - whole.value;
  if (remaining <= budget.minRemaining) return { state: 'depleted', remaining };
  let unknown: string | null = null;
  for (const alarm of ALARMS) {
    const [long, short] = [burn(alarm.long), burn(alarm.short)];
    const limit = limitOf(budget, alarm);
    if (long.known && short.known && long.value >= limit && short.value >= limit)
      return { state: 'burning', remaining, long: alarm.long, burn: long.value };
    if (!long.known) unknown ??= told(alarm.long, long.message);
    if (!short.known) unknown ??= told(alarm.short, short.message);
  }
  return unknown === null ? { state: 'held', remaining } : { state: 'unknown', message: unknown };
}

/** A duration as PromQL writes it: whole days, hours or minutes. */
export function durationText(ms: number): string {
  const units = [
    [24 * HOUR, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'm'],
  ] as const;
  const [unit, letter] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1_000, 's'];
  return `${Math.round(ms / unit)}${letter}`;
}

function told(window: number, message: string): string {
  return `over ${durationText(window)} ${message}`;
}

function refuse(problem: 'NoData' | 'NotANumber', message: string): Sample {
  return { known: false, problem, message };
}
