import type { DomainEvent, EventData, Tier } from '../events/catalogue.ts';
import type { History } from '../ledger/change.ts';

/**
 * Tells once of a merged change that an error budget was used up behind it, whatever its issue has come to since. Work without effect in production (T0)
 * uses none up; `grade` is the tier that the issue is graded as, for as long as nobody has read what was merged.
 */
export function decideDepleted(
  { changes }: Pick<History, 'changes'>,
  grade: Tier | null,
  data: EventData<'SLO_BUDGET_DEPLETED'>,
): DomainEvent[] {
  const change = changes.find(({ mergeSHA }) => mergeSHA === data.mergeSHA);
  if (change === undefined || change.depletedAt != null) return [];
  return (change.measured?.tier ?? grade) === 'T0' ? [] : [{ type: 'SLO_BUDGET_DEPLETED', data }];
}
