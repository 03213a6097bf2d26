import type { Queryable } from '#lib/db';

/** The kind of an effect that tells a sink something. */
export const NOTICE_EFFECT = 'notice';

/** How a notice to a sink stands in the table of effects. */
export interface NoticeRow {
  readonly key: string;
  /** Id of the stream. */
  readonly subject: string;
  readonly state: 'planned' | 'started' | 'succeeded' | 'failed';
  readonly attempt: number;
  /** ms since the epoch; null before the first attempt. */
  readonly startedAt: number | null;
}

/** Key of the one effect that tells this sink this notice. */
export function noticeKey(sink: string, notice: string): string {
  return `${NOTICE_EFFECT}/${sink}/${notice}`;
}

/** What {@link noticeKey} was made of. */
export function partsOf(key: string): { sink: string; notice: string } {
  const [, sink = '', notice = ''] = key.split('/');
  return { sink, notice };
}

/** The rows of these keys, and of every notice that has no outcome yet, oldest first; a bounded number of those. */
export async function readNotices(db: Queryable, keys: readonly string[]): Promise<NoticeRow[]> {
  const { rows } = await db.query(
    `SELECT key, subject, state, attempt, started_at AS "startedAt" FROM effects WHERE key = ANY ($1)
     UNION
     SELECT key, subject, state, attempt, started_at FROM (SELECT * FROM effects
       WHERE state IN ('planned', 'started') AND kind = $2 ORDER BY created_at LIMIT 1000) AS open`,
    [keys, NOTICE_EFFECT],
  );
  return rows.map((row) => ({ ...row, startedAt: row.startedAt?.getTime() ?? null }));
}
