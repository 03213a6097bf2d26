/** Each code with the HTTP status it goes out under. */
const STATUS = {
  BadTarget: 400,
  Denied: 403,
  Ended: 403,
  Unauthenticated: 407,
  TooMany: 429,
  Unreachable: 502,
  Unavailable: 503,
  TimedOut: 504,
} as const;

/**
 * - `BadTarget`: what was asked for is no host and port, or contradicts itself.
 * - `Denied`: the Repository does not list it, its address is inside the network, or the task has had its share.
 * - `Ended`: the task's claim is over.
 * - `Unauthenticated`: no task token, or one that is not valid here.
 * - `TooMany`: the task holds as many connections as it may.
 * - `Unreachable`, `TimedOut`: the host does not resolve, refuses, or does not answer.
 * - `Unavailable`: the conductor cannot be asked, so nothing is let through.
 */
export type EgressErrorCode = keyof typeof STATUS;

/** A refusal as a client of the proxy sees it; the message is one sentence for a person. */
export class EgressError extends Error {
  override name = 'EgressError';
  readonly code: EgressErrorCode;

  constructor(code: EgressErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
