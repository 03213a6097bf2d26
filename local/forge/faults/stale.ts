/**
 * A list as a replica that lags behind would show it: without what is younger than `since` (ISO 8601). Lists inside an object are cut
 * too; what is no list, and items without a time of their making, are left as they are.
 */
export function withoutRecent(body: unknown, since: string): unknown {
  if (Array.isArray(body)) return body.filter((item) => !isRecent(item, since));
  if (typeof body !== 'object' || body === null || !('total_count' in body)) return body;
  const entries = Object.entries(body).map(([key, value]) => [
    key,
    Array.isArray(value) ? withoutRecent(value, since) : value,
  ]);
  return Object.fromEntries(entries);
}

function isRecent(item: unknown, since: string): boolean {
  const { created_at: created, submitted_at: submitted } = (item ?? {}) as Record<string, unknown>;
  const made = typeof created === 'string' ? created : submitted;
  return typeof made === 'string' && made > since;
}
