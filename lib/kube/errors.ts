/** Why a call failed, in words callers branch on. */
export type KubeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Invalid'
  | 'BadRequest'
  | 'Gone'
  | 'TooManyRequests'
  | 'Timeout'
  | 'Unavailable'
  | 'Internal'
  | 'Aborted'
  | 'Config'
  | 'Unexpected';

const CODE_BY_REASON: Record<string, KubeErrorCode> = {
  NotFound: 'NotFound',
  AlreadyExists: 'AlreadyExists',
  Conflict: 'Conflict',
  Forbidden: 'Forbidden',
  Unauthorized: 'Unauthorized',
  Invalid: 'Invalid',
  BadRequest: 'BadRequest',
  Gone: 'Gone',
  Expired: 'Gone',
  TooManyRequests: 'TooManyRequests',
  Timeout: 'Timeout',
  ServerTimeout: 'Timeout',
  ServiceUnavailable: 'Unavailable',
  InternalError: 'Internal',
};

const CODE_BY_STATUS: Record<number, KubeErrorCode> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Timeout',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'Internal',
  502: 'Unavailable',
  503: 'Unavailable',
  504: 'Timeout',
};

export interface KubeErrorDetails {
  /** HTTP status; 0 when no answer arrived. */
  status?: number;
  /** `reason` of the server's metav1.Status, when it sent one. */
  reason?: string;
  /** How long the server asks to wait before the next try, in ms. */
  retryAfterMs?: number;
  /** Method and path of the call, without its query. */
  request?: string;
  cause?: unknown;
}

/** The one error of this folder. `message` is the server's own sentence where there is one. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  readonly status: number;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly request: string | undefined;

  constructor(code: KubeErrorCode, message: string, details: KubeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.request = details.request;
  }
}

/** Whether `error` is a KubeError with one of `codes`. */
export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}

interface StatusBody {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { retryAfterSeconds?: number };
}

/** Maps an HTTP answer, whose body should be a metav1.Status but may be anything, to a KubeError. */
export function errorFromAnswer(
  status: number,
  body: string,
  context: { retryAfter?: string; request?: string } = {},
): KubeError {
  const parsed = parseStatus(body);
  const seconds = parsed?.details?.retryAfterSeconds ?? Number.parseInt(context.retryAfter ?? '', 10);
  const text = parsed?.message ?? (body.trim().slice(0, 300) || `the API server answered ${status}`);
  return new KubeError(codeOf(status, parsed?.reason), text, {
    status,
    reason: parsed?.reason,
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
    request: context.request,
  });
}

/** Maps the object of a watch's ERROR event, a metav1.Status, to a KubeError. */
export function errorFromWatchStatus(object: unknown, request: string): KubeError {
  const code = (object as StatusBody | undefined)?.code ?? 500;
  return errorFromAnswer(code, JSON.stringify(object ?? {}), { request });
}

/** Maps anything a transport threw: time-outs and cancellations are told apart, the rest is Unavailable. */
export function errorFromTransport(error: unknown, request: string): KubeError {
  if (error instanceof KubeError) return error;
  const name = error instanceof Error ? error.name : '';
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status === 'number') return errorFromAnswer(status, '', { request });
  if (name === 'TimeoutError')
    return new KubeError('Timeout', `no answer in time: ${request}`, { request, cause: error });
  if (name === 'AbortError') return new KubeError('Aborted', `cancelled: ${request}`, { request, cause: error });
  return new KubeError('Unavailable', `cannot reach the API server (${networkCode(error) ?? name}): ${request}`, {
    request,
    cause: error,
  });
}

/** The operating system's or HTTP client's code (ECONNREFUSED, UND_ERR_SOCKET …) somewhere in the causes of `error`. */
export function networkCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && !(at instanceof KubeError)) return at.code;
  }
  return undefined;
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed !== null && typeof parsed === 'object' && (parsed as StatusBody).kind === 'Status'
      ? parsed
      : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(status: number, reason: string | undefined): KubeErrorCode {
  return (reason === undefined ? undefined : CODE_BY_REASON[reason]) ?? CODE_BY_STATUS[status] ?? 'Unexpected';
}
