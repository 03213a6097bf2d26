import type { Repository, ServiceLevel } from '#crds';
import { type BudgetWish, durationText, type SloWish, windowsOf } from '#domain';

const DAY_MS = 86_400_000;

/** What a Repository wants to know of production, as the rules see it; null where it says nothing. */
export function sloWish({ slo, deploy }: Pick<Repository['spec'], 'slo' | 'deploy'>): SloWish | null {
  if (slo === undefined) return null;
  if (slo.kind === 'none') return { kind: 'none' };
  return {
    kind: 'prometheus',
    levels: (slo.queries ?? []).map(({ name, min, max }) => ({ name, min: min ?? null, max: max ?? null })),
    budgets: (slo.budgets ?? []).map(budgetWish),
    canary: slo.canaryRef !== undefined || deploy.kind === 'flagger',
  };
}

type Budget = NonNullable<ServiceLevel['budgets']>[number];

function budgetWish({ name, objective, window, minRemaining }: Budget): BudgetWish {
  return { name, objective, window: Number.parseInt(window, 10) * DAY_MS, minRemaining };
}

/** One PromQL expression, and where its answer belongs. */
export type Asked =
  | { readonly of: 'level'; readonly name: string; readonly query: string }
  | {
      readonly of: 'good' | 'total';
      readonly name: string;
      /** In ms. */
      readonly window: number;
      readonly query: string;
    };

/** Every question of a Repository. Nothing but `$window` is filled in, and that with a duration of ours. */
export function questionsOf({ queries = [], budgets = [] }: ServiceLevel): Asked[] {
  return [
    ...queries.map(({ name, query }) => ({ of: 'level' as const, name, query })),
    ...budgets.flatMap((budget) => windowsOf(budgetWish(budget)).flatMap((window) => eventsOf(budget, window))),
  ];
}

/** The two questions of a budget for one window, in ms. */
export function eventsOf({ name, good, total }: Budget, window: number): Asked[] {
  const filled = (query: string) => query.replaceAll('$window', durationText(window));
  return [
    { of: 'good', name, window, query: filled(good) },
    { of: 'total', name, window, query: filled(total) },
  ];
}
