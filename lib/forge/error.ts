/**
 * Why the forge did not do what was asked.
 * `NotFound` gone, renamed (for writes) or invisible to this identity · `Unauthorized` the credential is not accepted ·
 * `Forbidden` this identity may not · `Validation` the request itself is wrong · `Conflict` it exists already or clashes ·
 * `RateLimited` wait `retryAfterMs` · `Unavailable` not reached or a 5xx · `Timeout` no answer in time ·
 * `InstallationRemoved`, `InstallationSuspended` the App's installation is gone or held back, so it has no token ·
 * `NotImplemented` this forge does not offer the operation · `Malformed` the answer cannot be understood or is too large.
 */
export type ForgeErrorCode =
  | 'NotFound'
  | 'Unauthorized'
  | 'Forbidden'
  | 'Validation'
  | 'Conflict'
  | 'RateLimited'
  | 'Unavailable'
  | 'Timeout'
  | 'NotImplemented'
  | 'InstallationRemoved'
  | 'InstallationSuspended'
  | 'Malformed';

/**
 * The one error of this folder. `outcome` says whether the forge may have acted: `definite` means nothing happened;
 * `unknown` means a write was sent and its answer is missing, so it must be looked for before it is repeated.
 * Reads are always `definite`. Neither message nor cause carries a credential.
 */
export class ForgeError extends Error {
  override name = 'ForgeError';
  readonly code: ForgeErrorCode;
  readonly outcome: 'definite' | 'unknown';
  /** HTTP status of the answer, where there was one. */
  readonly status: number | undefined;
  /** Milliseconds to wait, for `RateLimited`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ForgeErrorCode,
    message: string,
    options: { outcome?: 'definite' | 'unknown'; status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? 'definite';
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}
