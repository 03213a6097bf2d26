import { type ConductorCalls, ConductorError, type LivenessOptions, whileLive } from '#lib/conductor';
import { ProxyError } from './error.ts';
import type { Caller } from './verify.ts';

/** Resolves where the caller's claim is live. Throws ProxyError `dead_fence` or `unavailable`. */
export type CheckFence = (caller: Caller) => Promise<void>;

/** Asks the conductor whether a claim is live and keeps the answer for `keepMs` (default 2,000). What is unknown is refused. */
export function fenceCheck(conductor: Pick<ConductorCalls, 'fence'>, options: LivenessOptions): CheckFence {
  const live = whileLive(({ token, namespace, task }) => conductor.fence(token, namespace, task), options);
  return async (caller) => {
    try {
      await live(caller);
    } catch (error) {
      if (!(error instanceof ConductorError)) throw error;
      throw new ProxyError(error.code === 'DeadFence' ? 'dead_fence' : 'unavailable', error.message, { cause: error });
    }
  };
}
