import type { Queryable } from '#lib/db';

/**
 * The key under which an Issue object is filed: that of an earlier text as long as the forge has not refused it. Whether that one arrived may
 * not be known yet, and an edit in between must not have it filed under a second key.
 */
export async function filingKey(
  db: Queryable,
  subject: string,
  { uid, revision }: { readonly uid: string; readonly revision: number },
): Promise<string> {
  const { rows } = await db.query(
    `SELECT key FROM effects WHERE subject = $1 AND kind = 'issue' AND starts_with(key, $2) AND state <> 'failed' ORDER BY created_at LIMIT 1`,
    [subject, `issue/${uid}/`],
  );
  return rows[0]?.key ?? `issue/${uid}/${revision}`;
}
