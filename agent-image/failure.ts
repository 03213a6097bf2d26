/** Why a task ends as failed: `reason` is a PascalCase cause for the report, the message one sentence for a person. */
export class TaskFailure extends Error {
  override name = 'TaskFailure';
  readonly reason: string;

  constructor(reason: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
  }
}

/**
 * - `DeadFence`: the claim has ended. `Cancelled`: the conductor asked to stop. Both end without a report.
 * - `Terminated`: SIGTERM; nothing is reported, the task counts as lost.
 * - `Deadline`: the task's time is over.
 */
export type StopCode = 'DeadFence' | 'Cancelled' | 'Terminated' | 'Deadline';

/** Thrown out of whatever runs when the task has to end now. */
export class Stop extends Error {
  override name = 'Stop';
  readonly code: StopCode;

  constructor(code: StopCode, message: string) {
    super(message);
    this.code = code;
  }
}
