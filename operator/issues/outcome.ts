import { isEventsError } from '#lib/events';
import { ForgeError } from '#lib/forge';
import { Retry, Stalled } from '#lib/kube';
import { waitingForLimit } from '../forges/limited.ts';

/** Errors of what the issue stands on, as outcomes that its status can show. */
export function explain(error: unknown, now: number): unknown {
  const limited = waitingForLimit(error, now);
  if (limited !== null) return limited;
  if (isEventsError(error, 'NewerEvent')) return new Stalled('NewerEvent', error.message, { cause: error });
  if (isEventsError(error, 'SubjectConflict')) {
    const help = 'Delete the Issue object and apply it again: it goes on with the log of its number.';
    return new Stalled('DuplicateIssue', `${error.message} ${help}`, { cause: error });
  }
  if (isEventsError(error, 'EffectRefused')) return new Retry('ForgeRefused', error.message, { cause: error });
  if (isEventsError(error, 'EffectNotPerformed', 'EffectUnknown') || error instanceof ForgeError)
    return new Retry('ForgeUnreachable', error.message, { cause: error });
  return error;
}
