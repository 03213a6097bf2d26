import type { Queryable } from '#lib/db';
import type { TakenDelivery } from '#lib/events';
import { correlationId, type Logger, traced, withCorrelation } from '#lib/observe';
import type { AffectedIssue } from './affected.ts';

/**
 * Says of each issue that a delivery was for that it was applied, with that issue's correlation id, in the log and as a span from its
 * receipt on. A delivery that made the issue has correlated its scope already.
 */
export async function traceDelivery(
  db: Queryable,
  logger: Logger,
  delivery: Pick<TakenDelivery, 'id' | 'event' | 'receivedAt'>,
  affected: readonly AffectedIssue[],
): Promise<void> {
  const { id, event, receivedAt } = delivery;
  const attributes = { 'rig.delivery': id, 'rig.event': event };
  const told = async () => logger.info({ delivery: id, event }, 'delivery applied');
  const present = correlationId();
  const streams = (await streamsOf(db, affected)).map((stream) => stream.replaceAll('-', ''));
  for (const stream of new Set([...streams, ...(present === undefined ? [] : [present])]))
    await withCorrelation(stream, () =>
      traced(`delivery ${event}`, { kind: 'consumer', startedAt: receivedAt.getTime(), attributes }, told),
    );
}

async function streamsOf(db: Queryable, affected: readonly AffectedIssue[]): Promise<string[]> {
  const named = affected.filter(({ certain }) => certain);
  if (named.length === 0) return [];
  const { rows } = await db.query(
    `SELECT DISTINCT ON (s.namespace, s.name) s.id FROM subjects s
     JOIN unnest($1::text[], $2::text[]) AS named (namespace, name) USING (namespace, name)
     WHERE s.kind = 'Issue' ORDER BY s.namespace, s.name, s.created_at DESC`,
    [named.map(({ namespace }) => namespace), named.map(({ name }) => name)],
  );
  return rows.map(({ id }) => id);
}
