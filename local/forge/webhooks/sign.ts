import { createHmac } from 'node:crypto';

/** The value of `X-Hub-Signature-256`: HMAC-SHA256 over the body's exact bytes. */
export function signature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
