import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Logger, silentLogger } from '#lib/observe';

const STATUS = {
  BadRequest: 400,
  Unauthenticated: 401,
  Forbidden: 403,
  NotFound: 404,
  TooSlow: 408,
  Conflict: 409,
  TooLarge: 413,
  Unprocessable: 422,
  TooManyRequests: 429,
  Internal: 500,
  NotImplemented: 501,
  BadGateway: 502,
  Unavailable: 503,
} as const satisfies Record<string, ContentfulStatusCode>;

export type HttpErrorCode = keyof typeof STATUS;

/** A refusal that a caller sees: its code decides the status, `reason` is a PascalCase cause, the message is one sentence for a person. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly code: HttpErrorCode;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: HttpErrorCode,
    reason: string,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): ContentfulStatusCode {
    return STATUS[this.code];
  }
}

/** The body of every refusal, after RFC 9457 with `reason` as the machine-readable cause. */
export function problem(error: HttpError): {
  type: 'about:blank';
  status: number;
  title: string;
  reason: string;
  detail: string;
} {
  return { type: 'about:blank', status: error.status, title: error.code, reason: error.reason, detail: error.message };
}

/** Hono's `onError`: an {@link HttpError} becomes its problem document, anything else a 500 that says nothing of the inside and is logged once. */
export function problemHandler(logger: Logger = silentLogger): (error: Error, context: Context) => Response {
  return (error, context) => {
    const known =
      error instanceof HttpError
        ? error
        : new HttpError(
            'Internal',
            'InternalError',
            'The server failed to answer this request; its log has the cause.',
          );
    if (known !== error)
      logger.error({ err: error, method: context.req.method, path: context.req.path }, 'request failed');
    const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
    if (known.retryAfterSeconds !== undefined) headers['retry-after'] = String(known.retryAfterSeconds);
    return context.body(JSON.stringify(problem(known)), known.status, headers);
  };
}
