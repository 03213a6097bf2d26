import type { Queryable } from '#lib/db';

/** From where to where a branch is moved; `from` is null for one that is made. */
export interface Move {
  readonly from: string | null;
  readonly to: string;
}

/**
 * The key of a move of a branch that is at `from` now: that of the same move begun before, while it is not known what became of it. One with
 * an outcome is over (a person put the branch back, or mended what refused it), so the next has a key of its own.
 */
export async function moveKey(db: Queryable, subject: string, ref: string, move: Move): Promise<string> {
  const key = `head/${subject}/${ref}/${move.from ?? 'new'}/${move.to}`;
  const { rows } = await db.query<{ key: string; open: boolean }>(
    `SELECT key, state IN ('planned', 'started') AS open FROM effects
     WHERE subject = $1 AND kind = 'head' AND (key = $2 OR starts_with(key, $2 || '/'))`,
    [subject, key],
  );
  const begun = rows.find((row) => row.open)?.key;
  if (begun !== undefined) return begun;
  return rows.length === 0 ? key : `${key}/${rows.length + 1}`;
}
