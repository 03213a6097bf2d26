/**
 * `Unreadable` and `Invalid`: the file of sinks. `Unreachable`, `Refused`, `TimedOut`: a sink that did not take a notice. `Ended`: this process
 * is ending.
 */
export type SinkErrorCode = 'Unreadable' | 'Invalid' | 'Unreachable' | 'Refused' | 'TimedOut' | 'Ended';

/** What is wrong with a sink. The message names it and never says its URL or its secret, and neither does a cause. */
export class SinkError extends Error {
  override name = 'SinkError';
  readonly code: SinkErrorCode;
  /** How long the receiver asked to be left alone, in ms. */
  readonly retryAfterMs: number;

  constructor(code: SinkErrorCode, message: string, { retryAfterMs = 0 }: { retryAfterMs?: number } = {}) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
