import { type Deed, putTold, stuckSince } from '../mirror/told.ts';
import type { Round } from './round.ts';

/** How long one that cannot be taken is tried, in ms. */
const TRIED_MS = 3_600_000;

/** Something that was done to an issue, and cannot be taken. */
export interface Untaken {
  readonly number: number;
  readonly deed: Deed;
  /** RFC 3339. */
  readonly at: string;
  /** What was done, as a clause. */
  readonly what: string;
}

/** Whether it is not tried any more: the listing has to get on, and a person is told, once. */
export async function givenUp(round: Round, { number, deed, at, what }: Untaken, why: Error): Promise<boolean> {
  const { conductor, key, found } = round;
  const { pool } = conductor.log;
  const now = conductor.now();
  if (now - (await stuckSince(pool, key, number, `${deed}@${at}`, now)) < TRIED_MS) return false;
  found.refused.push(
    `That ${what} could not be taken for an hour and is not tried any more: ${why.message} Mend that, then do it again.`,
  );
  await putTold(pool, key, number, deed, at);
  return true;
}
