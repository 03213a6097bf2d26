import type { IssueStatus } from '#crds';
import type { IssueState } from '../issue/state.ts';
import { openGate } from './acknowledge.ts';

/** What the status of an Issue says of the person it waits for; null where it waits for none. */
export function projectEscalation(state: IssueState): NonNullable<IssueStatus['escalation']> | null {
  const open = openGate(state);
  if (open === null) return null;
  const { gate, reason, since, reminded, acknowledged } = open;
  return {
    gate,
    reason,
    since: timeOf(since),
    ...(reminded === null ? {} : { reminders: reminded.times, remindedAt: timeOf(reminded.at) }),
    ...(acknowledged === null
      ? {}
      : {
          acknowledgedBy: acknowledged.by,
          acknowledgedAt: timeOf(acknowledged.at),
          ...(acknowledged.note === null ? {} : { note: acknowledged.note }),
        }),
  };
}

/** RFC 3339 in whole seconds, as the API has times. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
