import type { TierGate } from '#crds';
import { known } from '../../facts.ts';
import type { Events, Sample, SloFacts } from '../../slo/facts.ts';
import { SLO_FRESH_MS } from '../../slo/judge.ts';
import type { SloWish } from '../../slo/wish.ts';
import { NOON } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';
import { budget, production, quiet } from '../../testing/slo.ts';

const gate = 'slo';
const T1: readonly TierGate[] = ['slo', 'errorBudget', 'canary'];
const wish: Extract<SloWish, { kind: 'prometheus' }> = {
  kind: 'prometheus',
  levels: [
    { name: 'latency', min: null, max: 0.5 },
    { name: 'replicas', min: 2, max: null },
  ],
  budgets: [budget],
  canary: true,
};

interface Asked {
  readonly gates?: readonly TierGate[];
  readonly wish?: SloWish | null;
  readonly facts?: SloFacts;
  readonly age?: number;
}

const asks = ({ gates = T1, wish: wanted = wish, facts = quiet, age = 0 }: Asked = {}) => ({
  input: { slo: { gates, wish: wanted, facts: known(facts, NOON - age) } },
});
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const missing = { gate, state: 'fail', reason: 'SloMissing' } as const;
const breached = { gate, state: 'fail', reason: 'SloBreached' } as const;
const depleted = { gate, state: 'fail', reason: 'ErrorBudgetDepleted' } as const;
const burning = { gate, state: 'fail', reason: 'ErrorBudgetBurning' } as const;
const dark = { gate, state: 'unknown', reason: 'SloUnknown' } as const;
const stale = { gate, state: 'unknown', reason: 'FactUnknown' } as const;

const latency = (sample: Sample) => asks({ facts: production({ levels: { latency: sample } }) });
const value = (number: number): Sample => ({ known: true, value: number });
const no = (problem: Extract<Sample, { known: false }>['problem']): Sample => ({
  known: false,
  problem,
  message: 'it is not.',
});
const windows = (over: Readonly<Record<string, Partial<Events>>>) => asks({ facts: production({ windows: over }) });

/** What production has to say before a merge, by the tier of the change. */
export const sloCases: readonly GateCase[] = [
  { name: 'the Repository says slo: none', ...passes },
  { name: 'every query keeps its bounds and the budget is held', ...asks(), ...passes },
  { name: 'the tier asks nothing of production', ...asks({ gates: ['mergeApproval'], wish: null }), ...passes },
  { name: 'the Repository says nothing of production', ...asks({ wish: null }), ...missing },
  { name: 'no query is given', ...asks({ wish: { ...wish, levels: [] } }), ...missing },
  { name: 'no budget is given', ...asks({ wish: { ...wish, budgets: [] } }), ...missing },
  { name: 'no Canary is given', ...asks({ wish: { ...wish, canary: false } }), ...missing },
  {
    name: 'no Canary is given, and the tier does not ask for one',
    ...asks({ wish: { ...wish, canary: false }, gates: ['slo', 'errorBudget'] }),
    ...passes,
  },
  {
    name: 'only the Canary is asked for',
    ...asks({ gates: ['canary'], facts: production({ levels: { latency: no('Unreachable') } }) }),
    ...passes,
  },
  { name: 'a value at its highest', ...latency(value(0.5)), ...passes },
  { name: 'a value just above its highest', ...latency(value(0.500_001)), ...breached },
  { name: 'a value below its lowest', ...asks({ facts: production({ levels: { replicas: value(1) } }) }), ...breached },
  { name: 'a query without data', ...latency(no('NoData')), ...dark },
  { name: 'a query with several series', ...latency(no('SeveralSeries')), ...dark },
  { name: 'a query that gives NaN', ...latency(no('NotANumber')), ...dark },
  { name: 'a query answered about another moment', ...latency(no('Stale')), ...dark },
  { name: 'a query answered in part', ...latency(no('Partial')), ...dark },
  { name: 'a query that Prometheus refuses', ...latency(no('Refused')), ...dark },
  { name: 'a query answered with something else', ...latency(no('Unreadable')), ...dark },
  { name: 'a query that is not answered in time', ...latency(no('Unreachable')), ...dark },
  { name: 'a query that nobody asked', ...asks({ facts: { ...quiet, levels: new Map() } }), ...dark },
  {
    name: 'a breach beside a query without data',
    ...asks({ facts: production({ levels: { latency: no('NoData'), replicas: value(0) } }) }),
    ...breached,
  },
  { name: 'the budget is used up to the last', ...windows({ '30d': { good: value(999) } }), ...depleted },
  { name: 'the budget is overdrawn', ...windows({ '30d': { good: value(900) } }), ...depleted },
  {
    name: 'less of the budget is left than has to be',
    ...asks({ wish: { ...wish, budgets: [{ ...budget, minRemaining: 0.6 }] } }),
    ...depleted,
  },
  {
    name: 'fourteen times too fast in the hour and in the last five minutes',
    ...windows({ '1h': { good: value(985) }, '5m': { good: value(985) } }),
    ...burning,
  },
  {
    name: 'fourteen times too fast in the hour, and over by now',
    ...windows({ '1h': { good: value(985) }, '5m': { good: value(1_000) } }),
    ...passes,
  },
  {
    name: 'six times too fast in six hours and in the last half hour',
    ...windows({ '6h': { good: value(993) }, '30m': { good: value(993) } }),
    ...burning,
  },
  { name: 'no events in the last five minutes', ...windows({ '5m': { good: value(0), total: value(0) } }), ...dark },
  { name: 'no events in the whole window', ...windows({ '30d': { good: value(0), total: value(0) } }), ...dark },
  { name: 'the exporter is gone', ...windows({ '5m': { good: no('NoData'), total: no('NoData') } }), ...dark },
  { name: 'all events are counted and no good ones', ...windows({ '30d': { good: no('NoData') } }), ...dark },
  { name: 'more good events than all', ...windows({ '30d': { good: value(1_001) } }), ...dark },
  { name: 'negative events', ...windows({ '30d': { good: value(-1), total: value(-1) } }), ...dark },
  {
    name: 'the budget is used up, and the last minutes cannot be told',
    ...windows({ '30d': { good: value(0) }, '5m': { good: no('NoData') } }),
    ...depleted,
  },
  { name: 'nothing was asked of a budget', ...asks({ facts: { ...quiet, budgets: new Map() } }), ...dark },
  { name: 'answers exactly as old as allowed', ...asks({ age: SLO_FRESH_MS }), ...passes },
  { name: 'answers that are too old', ...asks({ age: SLO_FRESH_MS + 1 }), ...stale },
  { name: 'answers at a time that is no number', ...asks({ age: Number.NaN }), ...stale },
  {
    name: 'production has not answered yet',
    input: { slo: { gates: T1, wish, facts: { known: false, why: 'Production is being asked.' } } },
    ...stale,
  },
];
