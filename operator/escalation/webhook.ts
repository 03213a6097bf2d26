import { createHmac } from 'node:crypto';
import type { Notice } from '#domain';
import type { Message } from './post.ts';
import type { Sink } from './sinks.ts';

/**
 * A notice as a signed webhook (Standard Webhooks 1.0): `webhook-id` is the notice's and the same each time, `webhook-timestamp` is of this
 * attempt in seconds, `webhook-signature` is `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64.
 */
export function webhookMessage(notice: Notice, sink: Pick<Sink, 'secret'>, now: number): Message {
  const { id, type, since, ...data } = notice;
  const at = Math.floor(now / 1_000);
  const body = JSON.stringify({
    type,
    timestamp: new Date(at * 1_000).toISOString(),
    data: { ...data, since: new Date(since).toISOString() },
  });
  const signature = createHmac('sha256', sink.secret ?? '')
    .update(`${id}.${at}.${body}`)
    .digest('base64');
  return {
    headers: { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` },
    body,
  };
}
