import { type Queryable, toJsonb } from './database.ts';

/** A webhook as it was received. */
export interface Delivery {
  /** The sender's id for it: the same id is the same delivery. */
  readonly id: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The raw bytes, which the signature is over. */
  readonly body: Buffer;
  readonly receivedAt: Date;
}

/** A delivery handed out to be applied. */
export interface TakenDelivery extends Delivery {
  /** How often it has been handed out, this time included. */
  readonly attempts: number;
}

/** What became of a delivery. */
export type DeliveryOutcome = 'applied' | 'ignored' | 'failed';

/** Keeps a delivery; `duplicate` when its id is known already, and then nothing is changed. Durable when it returns. */
export async function storeDelivery(db: Queryable, delivery: Delivery): Promise<'stored' | 'duplicate'> {
  const { rowCount } = await db.query(
    `INSERT INTO deliveries (id, event, headers, body, received_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO NOTHING`,
    [delivery.id, delivery.event, toJsonb(delivery.headers), delivery.body, delivery.receivedAt],
  );
  return rowCount === 1 ? 'stored' : 'duplicate';
}

/**
 * Hands out at most `limit` unfinished deliveries, oldest first, never one to two takers at once; no more than fit into `maxBytes` of
 * bodies (default without end), but always the first. One that is not finished within `leaseMs` (default 60,000) is handed out again:
 * applying must be safe to repeat.
 */
export async function takeDeliveries(
  db: Queryable,
  options: { limit: number; leaseMs?: number; maxBytes?: number },
): Promise<TakenDelivery[]> {
  const { rows } = await db.query<TakenDelivery & { seq: number }>(
    `WITH free AS (
       SELECT seq, octet_length(body) AS bytes FROM deliveries WHERE finished_at IS NULL AND due_at <= clock_timestamp()
       ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED),
     due AS (
       SELECT seq FROM (SELECT seq, bytes, sum(bytes) OVER (ORDER BY seq) AS filled FROM free) AS summed
       WHERE filled = bytes OR filled <= $3)
     UPDATE deliveries SET attempts = attempts + 1, due_at = clock_timestamp() + $2 * interval '1 ms'
     FROM due WHERE deliveries.seq = due.seq
     RETURNING deliveries.seq, id, event, headers, body, received_at AS "receivedAt", attempts`,
    [options.limit, options.leaseMs ?? 60_000, options.maxBytes ?? Number.MAX_SAFE_INTEGER],
  );
  return rows.sort((a, b) => a.seq - b.seq).map(({ seq: _, ...delivery }) => delivery);
}

/** Records what became of a delivery and why, in one sentence; false when that is recorded already. */
export async function finishDelivery(
  db: Queryable,
  id: string,
  outcome: DeliveryOutcome,
  detail: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE deliveries SET finished_at = clock_timestamp(), outcome = $2, detail = $3 WHERE id = $1 AND finished_at IS NULL',
    [id, outcome, storable(detail)],
  );
  return rowCount === 1;
}

/** Records of many deliveries at once, each with its sentence, that nothing follows from them; what was recorded before stays as it is. */
export async function ignoreDeliveries(
  db: Queryable,
  ignored: readonly { readonly id: string; readonly detail: string }[],
): Promise<void> {
  await db.query(
    `UPDATE deliveries SET finished_at = clock_timestamp(), outcome = 'ignored', detail = said.detail
     FROM unnest($1::text[], $2::text[]) AS said (id, detail) WHERE deliveries.id = said.id AND finished_at IS NULL`,
    [ignored.map(({ id }) => id), ignored.map(({ detail }) => storable(detail))],
  );
}

/** Gives deliveries back that were taken and not tried, to be handed out again after `afterMs`: it counts as no attempt. */
export async function returnDeliveries(db: Queryable, ids: readonly string[], afterMs: number): Promise<void> {
  await db.query(
    `UPDATE deliveries SET due_at = clock_timestamp() + $2 * interval '1 ms', attempts = attempts - 1
     WHERE id = ANY($1::text[]) AND finished_at IS NULL AND attempts > 0`,
    [ids, afterMs],
  );
}

/** Gives a taken delivery back to be handed out again after `afterMs`, with the reason. */
export async function postponeDelivery(db: Queryable, id: string, afterMs: number, detail: string): Promise<void> {
  await db.query(
    `UPDATE deliveries SET due_at = clock_timestamp() + $2 * interval '1 ms', detail = $3 WHERE id = $1 AND finished_at IS NULL`,
    [id, afterMs, storable(detail)],
  );
}

/**
 * Deletes those of the next `limit` deliveries behind `after`, in the order of arrival (0: from the first), that were applied or ignored before
 * `before`. One that failed, or is not settled, stays. `next` is where to go on, null where younger ones begin. An id that was deleted is new again.
 */
export async function pruneDeliveries(
  db: Queryable,
  { before, after, limit }: { before: Date; after: number; limit: number },
): Promise<{ deleted: number; next: number | null }> {
  const { rows } = await db.query(
    `WITH page AS (SELECT seq, received_at FROM deliveries WHERE seq > $2 ORDER BY seq LIMIT $3),
     gone AS (
       DELETE FROM deliveries d USING page WHERE d.seq = page.seq AND finished_at < $1 AND outcome IN ('applied', 'ignored') RETURNING 1)
     SELECT (SELECT count(*)::int FROM gone) AS deleted, count(*)::int AS seen, max(seq) AS next, max(received_at) < $1 AS old FROM page`,
    [before, after, limit],
  );
  const { deleted, seen, next, old } = rows[0];
  return { deleted, next: seen === limit && old ? next : null };
}

/** PostgreSQL takes neither half a surrogate pair nor a NUL. */
function storable(detail: string): string {
  return detail.toWellFormed().replaceAll('\0', '\uFFFD');
}
