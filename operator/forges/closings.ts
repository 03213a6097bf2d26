import type { Queryable } from '#lib/db';

/**
 * The key under which a pull request is closed: another behind each closing that failed, so that one which was given up while nobody asked for it
 * keeps nobody from asking again.
 */
export async function closingKey(db: Queryable, subject: string, number: number): Promise<string> {
  const key = `close-pull-request/${subject}/${number}`;
  const { rows } = await db.query<{ failed: number }>(
    `SELECT count(*)::int AS failed FROM effects
     WHERE subject = $1 AND kind = 'close-pull-request' AND state = 'failed' AND (key = $2 OR starts_with(key, $2 || '/'))`,
    [subject, key],
  );
  const { failed } = rows[0]!;
  return failed === 0 ? key : `${key}/${failed + 1}`;
}
