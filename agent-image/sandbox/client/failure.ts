import { TaskFailure } from '../../failure.ts';

/** Characters of what a person is shown of a sandbox's own words. */
const MAX_SAID = 300;

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

/** A call that the sandbox would not do as asked. Where no tool catches it, it ends the task. */
export class SandboxRefusal extends TaskFailure {
  /** In its own words, which are untrusted: for the model. In the message they are one line of them. */
  readonly said: string;

  constructor(reason: 'GitFailed' | 'SandboxFailed', call: string, said: string) {
    super(reason, `The sandbox of the task could not do what it was asked (${call}): ${oneLine(said)}`);
    this.said = said;
  }
}

function oneLine(text: string): string {
  const line = text
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, MAX_SAID);
  return /[.!?…]$/.test(line) ? line : `${line}.`;
}
