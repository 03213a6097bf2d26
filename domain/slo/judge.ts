import type { Reason, TierGate } from '#crds';
import type { Fact } from '../facts.ts';
import { budgetState, durationText } from './budget.ts';
import { notAsked, type SloFacts } from './facts.ts';
import type { BudgetWish, LevelWish, SloWish } from './wish.ts';

/** What is known of production is believed for this long, in ms. */
export const SLO_FRESH_MS = 60_000;

/** What production is asked before a merge. */
export interface SloQuestion {
  /** The gates of the tier that the change has. */
  readonly gates: readonly TierGate[];
  /** Null where the Repository says nothing of it, which waives nothing. */
  readonly wish: SloWish | null;
  readonly facts: Fact<SloFacts>;
  /** In ms. */
  readonly now: number;
}

interface SloVerdict {
  readonly state: 'pass' | 'fail' | 'unknown';
  readonly reason: Reason;
  /** One sentence for a person. */
  readonly message: string;
}

type Prometheus = Extract<SloWish, { kind: 'prometheus' }>;

/**
 * Whether production stands a change of this tier now. Passes only where everything that the tier asks is answered by exactly one finite number
 * that keeps its bounds; what does not hold is named before what could not be told.
 */
export function judgeSlo({ gates, wish, facts, now }: SloQuestion): SloVerdict {
  const asked = gates.filter((gate) => gate === 'slo' || gate === 'errorBudget' || gate === 'canary');
  if (asked.length === 0) return pass('The tier of the change asks nothing of production.');
  if (wish === null)
    return fail(
      'SloMissing',
      'The Repository does not say how production is judged: give spec.slo queries and budgets, or say kind none there.',
    );
  if (wish.kind === 'none') return pass('The Repository says slo: none, so production is not asked.');
  const missing = unconfigured(asked, wish);
  if (missing !== null) return missing;
  if (!asked.includes('slo') && !asked.includes('errorBudget')) return pass('A Canary is followed after the merge.');
  if (!facts.known) return unread(facts.why);
  // Also where the time is no number, or lies ahead of a clock that was set back.
  if (!(Math.abs(now - facts.observedAt) <= SLO_FRESH_MS))
    return unread('What is known of production is too old; it is asked again.');
  const verdicts = [
    ...(asked.includes('slo') ? wish.levels.map((level) => judgeLevel(level, facts.value)) : []),
    ...(asked.includes('errorBudget') ? judgeBudgets(wish, facts.value) : []),
  ];
  return (
    verdicts.find(({ state }) => state === 'fail') ??
    verdicts.find(({ state }) => state === 'unknown') ??
    pass(verdicts.map(({ message }) => message).join(' '))
  );
}

/** What the tier asks and the Repository gives no way to answer. */
function unconfigured(asked: readonly TierGate[], { levels, budgets, canary }: Prometheus): SloVerdict | null {
  const lacking = [
    ...(asked.includes('slo') && levels.length === 0 ? ['spec.slo.queries'] : []),
    ...(asked.includes('errorBudget') && budgets.length === 0 ? ['spec.slo.budgets'] : []),
    ...(asked.includes('canary') && !canary ? ['spec.slo.canaryRef'] : []),
  ];
  if (lacking.length === 0) return null;
  return fail(
    'SloMissing',
    `The tier of the change asks for what the Repository does not give: ${lacking.join(', ')}; add it, or take the gate out of the TierPolicy.`,
  );
}

function judgeLevel({ name, min, max }: LevelWish, { levels }: SloFacts): SloVerdict {
  const sample = levels.get(name) ?? notAsked;
  if (!sample.known) return unknown(`The query ${name} gives no number: ${sample.message}`);
  const { value } = sample;
  if (max !== null && !(value <= max))
    return fail('SloBreached', `${name} is ${figure(value)}, above its highest value ${max}.`);
  if (min !== null && !(value >= min))
    return fail('SloBreached', `${name} is ${figure(value)}, below its lowest value ${min}.`);
  return pass(`${name} is ${figure(value)}.`);
}

function judgeBudgets({ budgets }: Prometheus, facts: SloFacts): SloVerdict[] {
  return budgets.map((budget) => judgeBudget(budget, facts));
}

function judgeBudget(budget: BudgetWish, facts: SloFacts): SloVerdict {
  const { name, window, minRemaining } = budget;
  const stands = budgetState(budget, facts.budgets.get(name) ?? new Map());
  switch (stands.state) {
    case 'unknown':
      return unknown(`The error budget ${name} cannot be told: ${stands.message}`);
    case 'depleted':
      return fail(
        'ErrorBudgetDepleted',
        `The error budget ${name} has ${percent(stands.remaining)} left of its ${durationText(window)}, and must have more than ${percent(minRemaining)}.`,
      );
    case 'burning':
      return fail(
        'ErrorBudgetBurning',
        `The error budget ${name} burns ${figure(stands.burn)} times as fast as it may over ${durationText(stands.long)}, with ${percent(stands.remaining)} left.`,
      );
    case 'held':
      return pass(`${percent(stands.remaining)} of the error budget ${name} is left.`);
  }
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

const pass = (message: string): SloVerdict => ({ state: 'pass', reason: 'Passed', message });
const fail = (reason: Reason, message: string): SloVerdict => ({ state: 'fail', reason, message });
/** Nothing has been answered yet: that passes by itself, and is nobody's business. */
const unread = (message: string): SloVerdict => ({ state: 'unknown', reason: 'FactUnknown', message });
const unknown = (message: string): SloVerdict => ({ state: 'unknown', reason: 'SloUnknown', message });
