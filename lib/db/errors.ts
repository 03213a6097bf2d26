export type DbErrorCode =
  | 'RolledBack'
  | 'CommitUnknown'
  | 'OutOfRange'
  | 'BadName'
  | 'MigrationChanged'
  | 'MigrationFailed'
  | 'NewerDatabase';

/** What this folder itself refuses or could not find out. Errors of single statements pass through as `pg` throws them. */
export class DbError extends Error {
  override name = 'DbError';
  readonly code: DbErrorCode;

  constructor(code: DbErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The SQLSTATE of an error thrown by a statement (`23505`, `40001`, …), or undefined when it has none. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** True for a unique violation, of the named constraint or index where one is given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlState(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH']);

/**
 * True when the database could not be reached, cut the session (restart, fail-over, a session ended by a timeout) or fell silent: the same
 * call may work later. A statement that was under way may have taken effect.
 */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined && !CONNECTION_CODES.has(state)) return /^(08|57P0|53300|25P03)/.test(state);
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return (
    CONNECTION_CODES.has(code ?? '') ||
    /^Connection terminated|^Client has encountered a connection error|timeout exceeded when trying to connect|^Query read timeout/.test(
      message ?? '',
    )
  );
}
