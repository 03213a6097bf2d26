import { setTimeout } from 'node:timers/promises';
import { Refusal } from '../refusal.ts';
import type { FaultRow } from '../store/index.ts';

/** An answer with headers that a refusal alone cannot carry. */
export class Failure extends Refusal {
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(status, message);
    this.headers = headers;
  }
}

/** Thrown to end a connection without an answer. */
export class Cut extends Error {
  override name = 'Cut';
}

const SECONDARY =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.';

export function secondaryLimit(retryAfterSeconds: number | null): Failure {
  const headers: Record<string, string> =
    retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) };
  return new Failure(403, SECONDARY, headers);
}

/** GitHub says with a 429 after how many seconds to come again. */
function failureOf({ status, retryAfterSeconds }: FaultRow): Failure {
  const headers: Record<string, string> =
    status === 429 && retryAfterSeconds !== null ? { 'retry-after': String(retryAfterSeconds) } : {};
  return new Failure(status, `A fault that was asked for: ${status}`, headers);
}

/** Holds up nothing else: a forge that stops does not wait for it. */
const pause = (ms: number) => setTimeout(ms, undefined, { ref: false });

/** What happens once the effect is there: the answer is late, or never comes. */
export async function afterwards(faults: readonly FaultRow[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'late') await pause(fault.delayMs);
    else if (fault.kind === 'drop') throw new Cut('The answer was dropped');
  }
}

/** What happens before the request has any effect: waits, fails or cuts the connection. */
export async function before(faults: readonly FaultRow[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'delay') await pause(fault.delayMs);
    else if (fault.kind === 'cut') throw new Cut('The connection was cut before the request was read');
    else if (fault.kind === 'secondary') throw secondaryLimit(fault.retryAfterSeconds);
    else if (fault.kind === 'status') throw failureOf(fault);
  }
}
