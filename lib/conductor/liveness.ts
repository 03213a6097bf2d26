import { ConductorError } from './error.ts';
import type { FenceResponse } from './schema.ts';
import type { TaskCaller } from './task-token.ts';

const ENDED = new Set(['DeadFence', 'NotFound', 'Forbidden', 'Unauthenticated', 'Conflict']);
const MAX_ENTRIES = 10_000;

export interface LivenessOptions {
  /** Milliseconds of a clock that only moves forward. */
  readonly now: () => number;
  /** How long an answer is good, counted from before the question, so that none is older. Default 2,000. */
  readonly keepMs?: number;
}

/**
 * Asks the conductor about a task and keeps the answer for a moment; resolves to it while the task's claim is live. Throws
 * ConductorError `DeadFence` once it is not, and `Unavailable` where that cannot be known: what is unknown is refused. A failure is
 * not kept.
 */
export function whileLive<A extends FenceResponse>(
  ask: (caller: TaskCaller) => Promise<A>,
  { now, keepMs = 2_000 }: LivenessOptions,
): (caller: TaskCaller) => Promise<A> {
  const known = new Map<string, { readonly until: number; readonly answer: Promise<A | null> }>();
  return async (caller) => {
    const key = `${caller.namespace}/${caller.task}/${caller.uid}/${caller.fence}`;
    let entry = known.get(key);
    if (entry === undefined || entry.until <= now()) {
      if (known.size >= MAX_ENTRIES) forget(known, now());
      entry = { until: now() + keepMs, answer: liveAnswer(ask, caller) };
      entry.answer.catch(() => known.delete(key));
      known.set(key, entry);
    }
    const answer = await entry.answer;
    if (answer !== null) return answer;
    throw new ConductorError('DeadFence', `The claim of task ${caller.task} has ended; nothing more is served to it.`);
  };
}

async function liveAnswer<A extends FenceResponse>(
  ask: (caller: TaskCaller) => Promise<A>,
  caller: TaskCaller,
): Promise<A | null> {
  try {
    const answer = await ask(caller);
    return answer.live && answer.fence === caller.fence ? answer : null;
  } catch (cause) {
    if (cause instanceof ConductorError && ENDED.has(cause.code)) return null;
    throw new ConductorError('Unavailable', 'The conductor cannot be asked whether this task is live; ask again.', {
      cause,
    });
  }
}

function forget(known: Map<string, { until: number }>, at: number): void {
  for (const [key, { until }] of known) if (until <= at) known.delete(key);
  if (known.size >= MAX_ENTRIES) known.clear();
}
