import type { IssueLog } from '../store/log.ts';

const STREAM = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Since when a restored database does not know what was done to a subject; null for one of which nothing was lost. */
export function doubtOf(log: Pick<IssueLog, 'load'>): (subject: string) => Promise<Date | null> {
  return async (subject) => {
    if (!STREAM.test(subject)) return null;
    const { recovered } = await log.load({ id: subject });
    return recovered === null ? null : new Date(recovered.lostSince);
  };
}
