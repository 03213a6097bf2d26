import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** `type` of the Anthropic error body, with the status it goes out under. */
const STATUS = {
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  dead_fence: 409,
  request_too_large: 413,
  api_error: 500,
  upstream_unreachable: 502,
  unavailable: 503,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ProxyErrorCode = keyof typeof STATUS;

/** A refusal as a model client sees it; the message is one sentence for a person. */
export class ProxyError extends Error {
  override name = 'ProxyError';
  readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** The refusal in the shape of the Anthropic API. A dead fence and a wrong token tell clients not to try again. */
export function refused(c: Context, { code, message }: ProxyError): Response {
  const status = STATUS[code];
  if (status < 500) c.header('x-should-retry', 'false');
  return c.json({ type: 'error', error: { type: code, message } }, status);
}
