import type { MiddlewareHandler } from 'hono';
import { HttpError } from '#lib/http';
import { Stalled } from '#lib/kube';
import type { Standing } from './mark.ts';

/** As the epoch of a leader it is nobody's: claims and effects that name it are refused by the database. */
export const NO_EPOCH = -1;
const ASK_AGAIN_SECONDS = 10;

/** Throws Stalled DatabaseBehind while nothing may be done on the word of the database. */
export function requireStanding(mark: Standing): void {
  const why = mark.behind();
  if (why !== null) throw new Stalled('DatabaseBehind', why);
}

/** Answers 503 DatabaseBehind to whatever carries a fence, or asks for one, while nothing may be done on the word of the database. */
export function refuseBehind(mark: Standing): MiddlewareHandler {
  return async (_context, next) => {
    const why = mark.behind();
    if (why !== null)
      throw new HttpError('Unavailable', 'DatabaseBehind', why, { retryAfterSeconds: ASK_AGAIN_SECONDS });
    await next();
  };
}

/** What a probe that looks deep is told: each thing this program stands on, and whether it may stand on it. */
export async function deepHealth(
  mark: Standing,
  database: () => Promise<readonly string[]>,
): Promise<{
  status: 200 | 503;
  dependencies: { name: string; state: 'Ok' | 'Unreachable' | 'Behind'; why: string }[];
}> {
  const missing = await database();
  const why = missing.length > 0 ? missing.join('; ') : (mark.behind() ?? '');
  const state = missing.length > 0 ? 'Unreachable' : why === '' ? 'Ok' : 'Behind';
  return { status: state === 'Ok' ? 200 : 503, dependencies: [{ name: 'database', state, why }] };
}
