import { isUnavailable } from '#lib/db';
import { isEventsError } from '#lib/events';
import { ForgeError } from '#lib/forge';
import { isKubeError, Stalled } from '#lib/kube';

/** Of the forge: it is away, or has to be given credentials that it takes. */
const MENDED = new Set([
  'RateLimited',
  'Unavailable',
  'Timeout',
  'Unauthorized',
  'Forbidden',
  'InstallationRemoved',
  'InstallationSuspended',
]);

/**
 * Whether what failed is to be tried as long as it takes: forge, API server or database will be back, and a person mends a credential or an
 * object. What else fails would fail again.
 */
export function passes(error: unknown): boolean {
  if (error instanceof ForgeError) return MENDED.has(error.code);
  if (error instanceof Stalled) return true;
  if (isEventsError(error, 'EffectNotPerformed')) return passes(error.cause);
  if (isEventsError(error, 'EffectUnknown', 'StaleEpoch')) return true;
  return isKubeError(error, 'TooManyRequests', 'Timeout', 'Unavailable', 'Internal') || isUnavailable(error);
}
