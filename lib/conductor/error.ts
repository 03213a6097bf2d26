/**
 * - `DeadFence`: the task's claim has ended; nothing it does is accepted any more, so stop.
 * - `Unauthenticated`, `Forbidden`, `NotFound`, `Conflict`: as the status says; repeating the call does not help.
 * - `Refused`: any other 4xx, and 501; the message is the conductor's own sentence.
 * - `Unavailable`: no answer, 429 or 5xx after the last retry; the same call may succeed later.
 * - `BadResponse`: an answer that does not fit the contract.
 * - `BadRequest`: what the caller handed over does not fit the contract; nothing was sent.
 */
export type ConductorErrorCode =
  | 'DeadFence'
  | 'Unauthenticated'
  | 'Forbidden'
  | 'NotFound'
  | 'Conflict'
  | 'Refused'
  | 'Unavailable'
  | 'BadResponse'
  | 'BadRequest';

export class ConductorError extends Error {
  override name = 'ConductorError';
  readonly code: ConductorErrorCode;
  /** PascalCase cause as the conductor names it; the code where it named none. */
  readonly reason: string;
  readonly status: number | undefined;

  constructor(
    code: ConductorErrorCode,
    message: string,
    options: { reason?: string; status?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason ?? code;
    this.status = options.status;
  }
}

/** The error of a refusing response. `body` is its parsed JSON, or undefined where it was none. */
export function refusal(what: string, status: number, body: unknown): ConductorError {
  const { reason, detail } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const sentence = typeof detail === 'string' && detail !== '' ? detail : `the conductor answered ${status}`;
  const code = codeOf(status, reason);
  return new ConductorError(code, `${what}: ${sentence}`, {
    status,
    reason: typeof reason === 'string' && reason !== '' ? reason : code,
  });
}

function codeOf(status: number, reason: unknown): ConductorErrorCode {
  if (status === 409) return reason === 'DeadFence' ? 'DeadFence' : 'Conflict';
  if (status === 401) return 'Unauthenticated';
  if (status === 403) return 'Forbidden';
  if (status === 404) return 'NotFound';
  if (status === 429 || (status >= 500 && status !== 501)) return 'Unavailable';
  return 'Refused';
}
