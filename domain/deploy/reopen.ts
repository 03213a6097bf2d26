import type { DomainEvent } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { IssueState } from '../issue/state.ts';

/**
 * Asks for the work of an issue again because its merged change does not live, which was decided on `before`; nothing where that is no longer so: what
 * became of the change, or of the issue, has changed since. What else was told meanwhile keeps nothing back.
 */
export function decideUndelivered(
  state: IssueState,
  before: Pick<IssueState, 'merged' | 'delivery'>,
  reason: string,
  message: string,
): DomainEvent[] {
  if (state.merged === null || state.spec === null || state.ending !== null) return [];
  if (state.merged.sha !== before.merged?.sha || !isSame(state.delivery, before.delivery)) return [];
  const { uid, generation, spec } = state;
  return [{ type: 'ISSUE_REOPENED', data: { uid: uid!, generation, spec, reason, message: clip(message) } }];
}

/** Which reopening this is: the same however often it is tried, another behind the next merge. */
export function reopeningOf({ merged, delivery }: Pick<IssueState, 'merged' | 'delivery'>): string {
  return `${merged?.sha}/${delivery.reopenings + 1}`;
}

/** Both were built by the same function from events, so that the same is written the same. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
