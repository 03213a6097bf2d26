import type { Queryable } from '#lib/db';
import type { Move } from '../forges/moves.ts';

/**
 * The move by which this gateway brought the branch to `to` for the subject, and the key of its effect; undefined where the last move it made of
 * that branch was another: then somebody else moved it since, were it to where it has been before. Asked of the effects, which are written
 * before the forge is called.
 */
export async function forwardedFrom(
  db: Queryable,
  subject: string,
  branch: string,
  to: string,
): Promise<{ key: string; move: Move } | undefined> {
  const { rows } = await db.query<Move & { key: string }>(
    `SELECT key, request ->> 'from' AS "from", request ->> 'to' AS "to" FROM effects WHERE kind = 'head' AND subject = $1
     AND request ->> 'ref' = $2 AND state IN ('started', 'succeeded') ORDER BY started_at DESC LIMIT 1`,
    [subject, branch],
  );
  const [last] = rows;
  return last?.to === to ? { key: last.key, move: { from: last.from, to } } : undefined;
}
