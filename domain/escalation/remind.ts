import type { DomainEvent } from '../events/catalogue.ts';
import type { IssueState } from '../issue/state.ts';
import { openGate } from './acknowledge.ts';

/** Between what was told last and the next reminder. */
export const REMIND_MS = 30 * 60_000;
/** How long after its start a conductor makes up for a reminder that came due while none was up. */
export const SETTLE_MS = 5 * 60_000;

/** How long the conductor has been up, for one that was down could tell nobody. ms since the epoch. */
export interface Watch {
  readonly now: number;
  /** Since when one has led, restarts aside. */
  readonly upSince: number;
}

/**
 * When the next reminder is due, in ms since the epoch; null where none is: nobody is waited for, somebody sees to it, or a person put the
 * issue aside. What came due while no conductor was up is made up for once, however much was missed, and not in the first minutes.
 */
export function reminderDue(state: IssueState, upSince: number): number | null {
  const gate = openGate(state);
  if (gate === null || gate.acknowledged !== null || state.hold !== null || state.spec?.suspend === true) return null;
  const due = (gate.reminded?.at ?? gate.since) + REMIND_MS;
  return due < upSince ? upSince + SETTLE_MS : due;
}

/** The reminder that is due now, or nothing. */
export function decideReminder(state: IssueState, { now, upSince }: Watch): DomainEvent[] {
  const due = reminderDue(state, upSince);
  if (due === null || now < due) return [];
  const { gate, reminded } = state.awaiting!;
  return [{ type: 'HUMAN_GATE_REMINDED', data: { gate, times: (reminded?.times ?? 0) + 1 } }];
}
