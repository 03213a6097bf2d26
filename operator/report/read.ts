import { type EventType, type ReportedEvent, type ReportRow, rowsOf } from '#domain';
import type { Queryable } from '#lib/db';

/** Types that a report asks about: the others, most of the log, are not read. */
const TYPES: readonly EventType[] = [
  'ISSUE_FILED',
  'ISSUE_EDITED',
  'ISSUE_APPROVED',
  'ISSUE_CLASSIFIED',
  'ISSUE_ASSIGNED',
  'ISSUE_DONE',
  'ISSUE_FAILED',
  'ISSUE_CANCELLED',
  'ISSUE_REOPENED',
  'COMMAND_ACCEPTED',
  'REVIEW_PASSED',
  'REVIEW_DISPUTED',
  'PR_UPDATED',
  'MERGED',
  'DEPLOYED_PRODUCTION',
  'ROLLED_BACK',
  'HUMAN_GATE_TRIGGERED',
  'TOKENS_USED',
];
/** Issues read at a time: what is held in memory is theirs, and the rows of all. */
const AT_A_TIME = 500;
/** A body of 256 KiB is in every wish, and no report asks for it. */
const SLIM = `CASE WHEN e.data ? 'spec' THEN jsonb_set(e.data, '{spec}', (e.data->'spec') - 'body' - 'taskSpec') ELSE e.data END`;

interface Row {
  readonly stream: string;
  readonly type: EventType;
  readonly data: ReportedEvent['data'];
  readonly at: Date;
  readonly by: string | null;
}

/** The wishes of every issue of a namespace of which something was told at or after `since` (ms), out of the log alone. */
export async function readRows(db: Queryable, namespace: string, since: number): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const subjects = await db.query(
      `SELECT s.id FROM subjects s WHERE s.kind = 'Issue' AND s.namespace = $1 AND s.id > $2
         AND EXISTS (SELECT 1 FROM events e WHERE e.stream = s.id AND e.at >= $3) ORDER BY s.id LIMIT ${AT_A_TIME}`,
      [namespace, after, new Date(since)],
    );
    const ids = subjects.rows.map(({ id }) => id as string);
    if (ids.length === 0) return rows;
    const events = await db.query(
      `SELECT e.stream, e.type, ${SLIM} AS data, e.at, e.meta->'actor'->>'kind' AS by
       FROM events e WHERE e.stream = ANY($1::uuid[]) AND e.type = ANY($2) ORDER BY e.stream, e.version`,
      [ids, TYPES],
    );
    for (const told of Map.groupBy(events.rows as Row[], ({ stream }) => stream).values())
      rows.push(...rowsOf(told.map(reported)));
    after = ids.at(-1)!;
  }
}

function reported({ type, data, at, by }: Row): ReportedEvent {
  return { type, data, at: at.getTime(), by: by ?? '' };
}
