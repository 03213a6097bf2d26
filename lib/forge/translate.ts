import { ForgeError, type ForgeErrorCode } from './error.ts';

type Kind = 'read' | 'write';

interface RequestFailure {
  status?: number;
  message: string;
  response?: { headers?: Record<string, unknown>; data?: unknown };
  cause?: unknown;
  errors?: { type?: string; message?: string }[];
}

/** Failures that happen before a byte of the request left: the forge cannot have acted. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * Whatever octokit, fetch or a reader threw, as the one error of this folder. A write whose answer is missing, cut, unreadable
 * or a server failure has outcome `unknown`. `token` is removed from every text that goes on; one
 * under eight characters is no credential and would tear words apart.
 */
export function translate(error: unknown, kind: Kind, token: string): ForgeError {
  const own = findOwn(error);
  if (own !== null) return kind === 'write' && own.code === 'Malformed' ? withOutcome(own, 'unknown') : own;
  const failure = (error instanceof Error ? error : { message: String(error) }) as RequestFailure;
  const clean = (text: string) => (token.length < 8 ? text : text.replaceAll(token, '[redacted]')).slice(0, 500);
  if (Array.isArray(failure.errors)) return fromGraphQL(failure, kind, clean);
  if (failure.response !== undefined) return fromAnswer(failure, kind, clean);
  return fromNetwork(failure, kind, clean);
}

function findOwn(error: unknown): ForgeError | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if (at instanceof ForgeError) return at;
  return null;
}

function withOutcome(error: ForgeError, outcome: 'unknown'): ForgeError {
  return new ForgeError(error.code, error.message, { outcome, status: error.status, cause: error.cause });
}

function fromAnswer(failure: RequestFailure, kind: Kind, clean: (text: string) => string): ForgeError {
  const status = failure.status ?? 0;
  const said = clean(failure.message);
  const retryAfterMs = rateLimitWait(status, failure);
  if (retryAfterMs !== null)
    return new ForgeError('RateLimited', `The forge asks to wait ${Math.ceil(retryAfterMs / 1000)} s: ${said}`, {
      status,
      retryAfterMs,
    });
  const code = codeOf(status, said);
  const outcome = kind === 'write' && code === 'Unavailable' ? 'unknown' : 'definite';
  return new ForgeError(code, `The forge answered ${status}: ${said}`, { status, outcome });
}

function codeOf(status: number, message: string): ForgeErrorCode {
  if (status === 401) return 'Unauthorized';
  if (status === 403 || status === 451) return 'Forbidden';
  if (status === 404 || status === 410) return 'NotFound';
  if (status === 409) return 'Conflict';
  if (status === 422) return /already exists/i.test(message) ? 'Conflict' : 'Validation';
  if (status === 501) return 'NotImplemented';
  if (status >= 500) return 'Unavailable';
  return status >= 400 ? 'Validation' : 'Malformed';
}

/** Milliseconds the forge asks to wait; null where the answer is no rate limit. A secondary limit names no time: a minute. */
function rateLimitWait(status: number, failure: RequestFailure): number | null {
  const headers = failure.response?.headers ?? {};
  if (status !== 403 && status !== 429 && status !== 200) return null;
  const retryAfter = Number(headers['retry-after'] ?? Number.NaN);
  if (retryAfter >= 0) return bounded(retryAfter * 1000);
  if (String(headers['x-ratelimit-remaining']) === '0')
    return bounded(Number(headers['x-ratelimit-reset']) * 1000 - Date.now());
  return status === 429 || /secondary rate limit/i.test(failure.message) ? 60_000 : null;
}

function bounded(ms: number): number {
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), 3_600_000) : 60_000;
}

const GRAPHQL_CODES: Record<string, ForgeErrorCode> = {
  NOT_FOUND: 'NotFound',
  FORBIDDEN: 'Forbidden',
  INSUFFICIENT_SCOPES: 'Forbidden',
  UNPROCESSABLE: 'Validation',
  NOT_IMPLEMENTED: 'NotImplemented',
  SERVICE_UNAVAILABLE: 'Unavailable',
  INTERNAL: 'Unavailable',
};

function fromGraphQL(failure: RequestFailure, kind: Kind, clean: (text: string) => string): ForgeError {
  const first = failure.errors?.[0] ?? {};
  const said = clean(String(first.message ?? 'no message'));
  if (first.type === 'RATE_LIMITED' || /rate limit/i.test(said)) {
    const headers = (failure as unknown as { headers?: Record<string, unknown> }).headers ?? {};
    const retryAfterMs = rateLimitWait(200, { ...failure, response: { headers } }) ?? 60_000;
    return new ForgeError('RateLimited', `The forge asks to wait ${Math.ceil(retryAfterMs / 1000)} s: ${said}`, {
      retryAfterMs,
    });
  }
  const broken = /something went wrong|timeout/i.test(said);
  const code = GRAPHQL_CODES[first.type ?? ''] ?? (broken ? 'Unavailable' : 'Validation');
  const outcome = kind === 'write' && code === 'Unavailable' ? 'unknown' : 'definite';
  return new ForgeError(code, `The forge answered the GraphQL request with: ${said}`, { outcome });
}

function fromNetwork(failure: RequestFailure, kind: Kind, clean: (text: string) => string): ForgeError {
  const causes = [...chain(failure)];
  const codes = causes.map((cause) => String(cause.code ?? ''));
  const timedOut = causes.some((cause) => cause.name === 'TimeoutError' || cause.name === 'AbortError');
  const sent = !codes.some((code) => NEVER_SENT.has(code));
  const outcome = kind === 'write' && (timedOut || sent) ? 'unknown' : 'definite';
  if (timedOut) return new ForgeError('Timeout', 'The forge did not answer in time; try again later.', { outcome });
  const said = clean(causes.at(-1)?.message ?? failure.message);
  return new ForgeError(
    'Unavailable',
    `The forge could not be reached: ${said || codes.find(Boolean) || 'no cause told'}`,
    {
      outcome,
    },
  );
}

function* chain(error: unknown): Generator<{ name?: string; code?: unknown; message: string }> {
  let at = error as { cause?: unknown; errors?: unknown[]; message: string } | undefined;
  for (let depth = 0; at instanceof Error && depth < 6; depth++) {
    yield at;
    at = (at instanceof AggregateError ? at.errors[0] : at.cause) as typeof at;
  }
}
