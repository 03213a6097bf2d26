import type { Context } from 'hono';
import { isEventsError } from '#lib/events';
import { ForgeError } from '#lib/forge';
import { GitError } from '#lib/git';
import { HttpError, problemHandler } from '#lib/http';
import { KubeError, ReconcileError } from '#lib/kube';
import type { Logger } from '#lib/observe';
import { waitingForLimit } from '../forges/limited.ts';

const AGAIN = { retryAfterSeconds: 2 };
/** An agent that waits for a limit asks again within its own patience. */
const LONGEST_MS = 30_000;

/**
 * What a caller is told of an error of what the conductor stands on: 422 with the forge's words for what the forge refused for good, 503
 * for what may pass or what a person has to mend in the cluster. Anything else is answered as it is.
 */
export function asRefusal(error: Error): Error {
  if (error instanceof HttpError) return error;
  const unavailable = (reason: string, message: string) =>
    new HttpError('Unavailable', reason, message, { cause: error, ...AGAIN });
  const limited = waitingForLimit(error, Date.now());
  if (limited !== null)
    return new HttpError('Unavailable', 'RateLimited', limited.message, {
      cause: error,
      retryAfterSeconds: Math.ceil(Math.min(limited.afterMs, LONGEST_MS) / 1_000),
    });
  if (error instanceof ReconcileError) return unavailable(error.reason, error.message);
  if (error instanceof GitError || (error instanceof ForgeError && !REFUSED.has(error.code)))
    return unavailable('ForgeUnreachable', 'The forge cannot be reached now; ask again.');
  if (error instanceof ForgeError || isEventsError(error, 'EffectRefused'))
    return new HttpError('Unprocessable', 'ForgeRefused', `The forge refused: ${error.message}`, { cause: error });
  if (isEventsError(error)) return unavailable('ForgeUnreachable', 'The forge cannot be reached now; ask again.');
  if (error instanceof KubeError)
    return unavailable('ClusterUnreachable', 'The API server did not serve the conductor; ask again.');
  return error;
}

const REFUSED = new Set<string>(['NotFound', 'Validation', 'Conflict', 'Forbidden']);

/**
 * Hono's `onError` of the conductor: {@link asRefusal} as a problem document (RFC 9457), and to a git client as plain text, because that is what it
 * shows to whoever pushes. What the conductor could not do itself is logged once.
 */
export function refuse(logger: Logger): (error: Error, context: Context) => Response | Promise<Response> {
  const answer = problemHandler(logger);
  return (error, context) => {
    const refusal = asRefusal(error);
    if (refusal !== error)
      logger.warn({ err: error, method: context.req.method, path: context.req.path }, 'request could not be served');
    if (!(refusal instanceof HttpError) || !context.req.path.includes('/git/')) return answer(refusal, context);
    const headers: Record<string, string> = { 'content-type': 'text/plain' };
    if (refusal.retryAfterSeconds !== undefined) headers['retry-after'] = String(refusal.retryAfterSeconds);
    return context.body(`${refusal.message}\n`, refusal.status, headers);
  };
}
