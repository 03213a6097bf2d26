/** A time without a conductor, in ms since the epoch. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Since when a conductor listens. What came before says nothing of who was silent. */
export interface Listening {
  /** In ms since the epoch. */
  readonly upSince: number;
  /** Short times without one since then, oldest first. */
  readonly gaps: readonly Gap[];
}

/** The longest time without a conductor after which the next one goes on where the last one was, in ms: a restart, and no outage. */
export const SHORT_MS = 120_000;
/** How long after a gap whoever tried to say something in it has done so, in ms: a task does every minute at least. */
export const REACH_MS = 60_000;
/** Gaps that are remembered: what came before the oldest is forgotten. */
export const KEPT_GAPS = 32;

/** Since when a conductor listens that begins now, behind one that was there `until` that time; null where nothing is known of one. */
export function listeningFrom(now: number, last: { listening: Listening; until: number } | null): Listening {
  if (last === null || !isShort(last.until, now) || last.until < last.listening.upSince)
    return { upSince: now, gaps: [] };
  const gaps = [...last.listening.gaps, { from: last.until, to: now }];
  const forgotten = gaps.at(-KEPT_GAPS - 1);
  return { upSince: forgotten?.to ?? last.listening.upSince, gaps: gaps.slice(-KEPT_GAPS) };
}

/** A clock that was put back tells nothing. */
const isShort = (from: number, to: number): boolean => from <= to && to - from <= SHORT_MS;

/**
 * Until when somebody who was heard last at `seenAt` may be silent for `patience` ms: gaps do not count as silence, and are followed by the time that it
 * takes to be heard again.
 */
export function silentUntil(seenAt: number, patience: number, { upSince, gaps }: Listening): number {
  const from = Math.max(seenAt, upSince);
  const since = gaps.filter(({ to }) => to > from);
  const until = since.reduce(
    (end, gap) => (gap.from < end ? end + gap.to - Math.max(gap.from, from) : end),
    from + patience,
  );
  const last = since.at(-1);
  return last === undefined ? until : Math.max(until, last.to + REACH_MS);
}
