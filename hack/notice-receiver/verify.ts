import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whether a delivery is the rig's own and at most five minutes old. `headers` in lower case, `body` as it came, `secret` as in the file of sinks. */
export function verify(
  headers: Record<string, string | undefined>,
  body: string,
  secret: string,
  now = Date.now(),
): boolean {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!(Math.abs(now / 1_000 - Number(timestamp)) <= 300)) return false;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const wanted = Buffer.from(createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64'));
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
