import type { DomainEvent } from '../events/catalogue.ts';
import type { Actor } from '../facts.ts';
import type { IssueState } from './state.ts';

/** A head that work goes on from, and the branch on which it stands. */
export interface Start {
  readonly branch: string;
  readonly headSHA: string;
}

/** A start, and what is known of how it came there. */
export interface TracedStart extends Start {
  /** The last move that the gateway made of that branch led there, by what was noted before the move. */
  readonly moved: boolean;
  /** Who pushed it; null where nobody told. */
  readonly by: Actor | null;
  readonly machine?: true;
}

/** Whether the log has nothing to learn of where work starts: it is told already, or the live claim's own push. */
export function isKnownStart({ continuedFrom, forwarded, work }: IssueState, { branch, headSHA }: Start): boolean {
  const own = branch === work?.branch && forwarded.some(({ sha }) => sha === headSHA);
  return own || continuedFrom.includes(headSHA);
}

/**
 * What an attempt goes on from, told once for each head. A move that a crash kept from the log is the gateway's where it was made under the live claim; under an
 * earlier one nobody knows whose claim it was, and neither does anybody of what was forwarded in the time that a restore lost.
 */
export function decideStart(state: IssueState, attempt: number, start: TracedStart): DomainEvent[] {
  if (isKnownStart(state, start)) return [];
  const { branch, headSHA, moved, by, machine } = start;
  const forwarded = state.forwarded.some(({ sha }) => sha === headSHA) || (moved && branch === state.work?.branch);
  const pusher = forwarded ? { by: null } : { by, ...(machine && { machine }) };
  return [{ type: 'WORK_CONTINUED', data: { branch, headSHA, attempt, forwarded, ...pusher } }];
}
