import type { Queryable } from './database.ts';

/** The epoch of the present leader; 0 before there ever was one. Only grows. */
export async function currentEpoch(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ epoch: number }>('SELECT epoch FROM leadership');
  return rows[0]!.epoch;
}

/**
 * Begins a new epoch for `holder` and returns it. From its commit on every effect of an older epoch is refused, so a new leader
 * calls it once, after it has been elected and before it does anything else.
 */
export async function advanceEpoch(db: Queryable, holder: string): Promise<number> {
  const { rows } = await db.query<{ epoch: number }>(
    'UPDATE leadership SET epoch = epoch + 1, holder = $1, at = now() RETURNING epoch',
    [holder],
  );
  return rows[0]!.epoch;
}
