import type { Queryable } from '#lib/db';

/**
 * Where the branch was before this gateway moved it to `to` for the subject: null for a branch it made, undefined for a move that is not its own.
 * Asked of the effects, which are written before the forge is called.
 */
export async function forwardedFrom(
  db: Queryable,
  subject: string,
  branch: string,
  to: string,
): Promise<{ from: string | null; to: string } | undefined> {
  const { rows } = await db.query(
    `SELECT request ->> 'from' AS "from" FROM effects WHERE kind = 'head' AND subject = $1 AND request ->> 'ref' = $2
     AND request ->> 'to' = $3 AND state IN ('started', 'succeeded') ORDER BY created_at DESC LIMIT 1`,
    [subject, branch, to],
  );
  return rows[0] === undefined ? undefined : { from: rows[0].from, to };
}
