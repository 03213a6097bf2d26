export type PostgresErrorCode =
  | 'Unsupported'
  | 'AccountMissing'
  | 'Unreachable'
  | 'InUse'
  | 'PortInUse'
  | 'WrongVersion'
  | 'InitFailed'
  | 'StartFailed'
  | 'BadName';

/** Why the embedded PostgreSQL could not be prepared or started; the message is one sentence for the person at the terminal. */
export class PostgresError extends Error {
  override name = 'PostgresError';
  readonly code: PostgresErrorCode;

  constructor(code: PostgresErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
