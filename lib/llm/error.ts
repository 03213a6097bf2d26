/**
 * - `BudgetExceeded` (402): a cap was hit; nothing more will be served.
 * - `DeadFence` (409, or 401 from a gateway that says so): the task's claim has ended.
 * - `Unauthenticated` (401), `Refused` (any other 4xx): asking again does not help.
 * - `ReplayDry`: a replay holds no step for this request.
 * - `Overloaded` (429, 529), `Unavailable` (5xx, no answer, a stream cut short): may succeed later.
 */
export type ModelErrorCode =
  | 'BudgetExceeded'
  | 'DeadFence'
  | 'Unauthenticated'
  | 'Refused'
  | 'ReplayDry'
  | 'Overloaded'
  | 'Unavailable';

export class ModelError extends Error {
  override name = 'ModelError';
  readonly code: ModelErrorCode;
  /** What the provider asked to wait, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ModelErrorCode, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return this.code === 'Overloaded' || this.code === 'Unavailable';
  }
}

/** The outcome of a refused call by HTTP status and the `error.type` of its body. */
export function modelErrorCode(status: number | undefined, type: string | undefined): ModelErrorCode {
  if (type === 'dead_fence' || status === 409) return 'DeadFence';
  if (type === 'replay_ran_dry') return 'ReplayDry';
  if (status === 402 || type === 'budget_exceeded') return 'BudgetExceeded';
  if (status === 401) return 'Unauthenticated';
  if (status === 429 || status === 529 || type === 'overloaded_error' || type === 'rate_limit_error')
    return 'Overloaded';
  if (status === undefined || status >= 500 || status === 408) return 'Unavailable';
  return 'Refused';
}
