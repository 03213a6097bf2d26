/**
 * What a failed call tells about its effect: `refused` for good, certainly `notPerformed` (worth another try), or `unknown`:
 * it may have taken place.
 */
export type FailureClass = 'refused' | 'notPerformed' | 'unknown';

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * The default, from `status` and `code` of the error and its causes: a 4xx is a refusal, but 429 (and any with `retryAfterSeconds`)
 * was turned away, and 408 says nothing; a connection that never came about sent nothing; all else is unknown.
 */
export function classifyFailure(error: unknown): FailureClass {
  const { status, code, cause, retryAfterSeconds } = (error ?? {}) as Record<string, unknown>;
  if (typeof status === 'number' && status >= 400 && status < 500 && status !== 408)
    return status === 429 || retryAfterSeconds !== undefined ? 'notPerformed' : 'refused';
  if (typeof code === 'string' && NEVER_SENT.has(code)) return 'notPerformed';
  return cause === undefined || status !== undefined ? 'unknown' : classifyFailure(cause);
}
