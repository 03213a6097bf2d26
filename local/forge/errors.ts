export type ForgeErrorCode =
  | 'BadOptions'
  | 'DataDirInUse'
  | 'DataDirTooNew'
  | 'GitFailed'
  | 'GitMissing'
  | 'ImportFailed'
  | 'Lost';

/** A failure of the forge itself, not of a request to it: what is wrong and what to do, in one sentence. */
export class ForgeError extends Error {
  override name = 'ForgeError';
  readonly code: ForgeErrorCode;

  constructor(code: ForgeErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
