import type { DomainEvent, EventData } from '../events/catalogue.ts';
import { effectiveGrade } from '../issue/grade.ts';
import type { IssueState } from '../issue/state.ts';

/** Tells once of a merged change that an error budget was used up behind it. Work without effect in production (T0) uses none up. */
export function decideDepleted(state: IssueState, data: EventData<'SLO_BUDGET_DEPLETED'>): DomainEvent[] {
  const { merged, delivery } = state;
  if (merged?.sha !== data.mergeSHA || delivery.budgetSpent || effectiveGrade(state)?.tier === 'T0') return [];
  return [{ type: 'SLO_BUDGET_DEPLETED', data }];
}
