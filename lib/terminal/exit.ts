/**
 * Exit codes of `rig`.
 * - `Ok`: done as asked.
 * - `NotDone`: the rig works, the issue is not done: it awaits a person, failed or was cancelled; or a command was refused.
 * - `Usage`: the command line is wrong.
 * - `Environment`: this machine or its state is in the way: no Go, a port in use, a second rig, a program that does not start.
 * - `Interrupted`: Ctrl-C, after everything was stopped.
 */
export const ExitCode = { Ok: 0, NotDone: 1, Usage: 2, Environment: 3, Interrupted: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command with one sentence for the person and an exit code. */
export class ExitError extends Error {
  override name = 'ExitError';
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
