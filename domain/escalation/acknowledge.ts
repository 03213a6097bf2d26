import type { DomainEvent } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { Awaiting, IssueState } from '../issue/state.ts';

/** A person says to see to what an issue waits for. Whoever asks the rules has checked that `by` is who asked. */
export interface Acknowledgement {
  /** {@link Awaiting.gate} of what was seen. */
  readonly gate: number;
  /** When that was asked, ms since the epoch, in whole seconds: a log that was restored gives the numbers of the lost time to other questions. */
  readonly since: number;
  /** The user, as the cluster names them. */
  readonly by: string;
  readonly note: string | null;
}

/** What an acknowledgement adds to the log: once for each gate, the first counts; nothing for a gate that no longer stands. */
export function decideAcknowledgement(state: IssueState, { gate, since, by, note }: Acknowledgement): DomainEvent[] {
  const awaiting = openGate(state);
  if (awaiting === null || awaiting.acknowledged !== null) return [];
  if (awaiting.gate !== gate || secondOf(awaiting.since) !== secondOf(since)) return [];
  return [{ type: 'HUMAN_GATE_ACKNOWLEDGED', data: { gate, by, note: note === null ? null : clip(note, 1_024) } }];
}

/** The gate that keeps an issue from going on; null where it goes on, or has come to its end. */
export function openGate(state: IssueState): Awaiting | null {
  return state.ending === null ? state.awaiting : null;
}

/** What is waited for, in the words that people read; who sees to it comes first, for a long question is cut. */
export function awaited({ message, acknowledged }: Awaiting): string {
  return acknowledged === null ? message : `${clip(acknowledged.by, 64)} sees to it: ${message}`;
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1_000);
}
