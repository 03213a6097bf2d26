import { type ConductorCalls, ConductorError } from '#lib/conductor';
import { ProxyError } from './error.ts';
import type { Caller } from './verify.ts';

/** Resolves where the caller's claim is live. Throws ProxyError `dead_fence` or `unavailable`. */
export type CheckFence = (caller: Caller) => Promise<void>;

const ENDED = new Set(['DeadFence', 'NotFound', 'Forbidden', 'Unauthenticated', 'Conflict']);
const MAX_ENTRIES = 10_000;

/**
 * Asks the conductor whether a claim is live and keeps the answer for `keepMs` (default 2,000), counted from before the question, so
 * that no answer is older. A failure is not kept. What is unknown is refused.
 */
export function fenceCheck(
  conductor: Pick<ConductorCalls, 'fence'>,
  options: { now: () => number; keepMs?: number },
): CheckFence {
  const { now, keepMs = 2_000 } = options;
  const known = new Map<string, { readonly until: number; readonly live: Promise<boolean> }>();
  return async (caller) => {
    const key = `${caller.namespace}/${caller.task}/${caller.uid}/${caller.fence}`;
    let entry = known.get(key);
    if (entry === undefined || entry.until <= now()) {
      if (known.size >= MAX_ENTRIES) forget(known, now());
      entry = { until: now() + keepMs, live: ask(conductor, caller) };
      entry.live.catch(() => known.delete(key));
      known.set(key, entry);
    }
    if (!(await entry.live))
      throw new ProxyError('dead_fence', `The claim of task ${caller.task} has ended; nothing more is served to it.`);
  };
}

async function ask(conductor: Pick<ConductorCalls, 'fence'>, caller: Caller): Promise<boolean> {
  try {
    const { live, fence } = await conductor.fence(caller.token, caller.namespace, caller.task);
    return live && fence === caller.fence;
  } catch (cause) {
    if (cause instanceof ConductorError && ENDED.has(cause.code)) return false;
    throw new ProxyError('unavailable', 'The conductor cannot be asked whether this task is live; ask again.', {
      cause,
    });
  }
}

function forget(known: Map<string, { until: number }>, at: number): void {
  for (const [key, { until }] of known) if (until <= at) known.delete(key);
  if (known.size >= MAX_ENTRIES) known.clear();
}
