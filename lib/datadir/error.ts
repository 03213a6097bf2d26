/**
 * - `Held`: another process is using the data directory.
 * - `NotOurs`: the directory holds something that no rig wrote.
 * - `NotUp`: the call needs a running rig and there is none.
 * - `Unreadable`: the state cannot be read or was written by another version.
 */
export type DataDirErrorCode = 'Held' | 'NotOurs' | 'NotUp' | 'Unreadable';

/** A refusal about the data directory; the message is one sentence for a person. */
export class DataDirError extends Error {
  override name = 'DataDirError';
  readonly code: DataDirErrorCode;

  constructor(code: DataDirErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
