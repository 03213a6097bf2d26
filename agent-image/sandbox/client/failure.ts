import { TaskFailure } from '../../failure.ts';

/**
 * - `Unavailable`: nobody listens. `Lost`: the connection ended before the answer did. `Timeout`: no whole answer in time.
 * - `Malformed`: an answer that is not of the protocol. `TooLarge`: more than the protocol allows.
 */
export type SandboxFailureCode = 'Unavailable' | 'Lost' | 'Timeout' | 'Malformed' | 'TooLarge';

/** The sandbox does not do what the protocol says; the task cannot go on, and its message says so to a person. */
export class SandboxFailure extends TaskFailure {
  readonly code: SandboxFailureCode;

  constructor(code: SandboxFailureCode, call: string, what: string, cause?: unknown) {
    super(
      'SandboxFailed',
      `The sandbox of the task ${what} (${call}); look at the container sandbox of its pod, then start the issue again.`,
      { cause },
    );
    this.code = code;
  }
}

/** A call that the sandbox would not do as asked: its words, which are untrusted. Where no tool catches it, it ends the task. */
export class SandboxRefusal extends TaskFailure {}
