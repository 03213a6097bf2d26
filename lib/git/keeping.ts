/** What is noted of a copy; times in ms since 1970. */
export interface Notes {
  /** When each ref was asked for last; one that was never asked for counts as asked for when it is first seen. */
  readonly asked: Readonly<Record<string, number>>;
  /** Since when nothing names the copy; null while something does. */
  readonly unnamed: number | null;
  /** When objects were last let go, or that was tried; null where it never was. */
  readonly cleaned: number | null;
  /** Whether refs were let go whose objects may be there still. */
  readonly pending: boolean;
}

/** What of a copy is needed, whether or not anybody asks for it. */
export interface Needed {
  readonly refs: readonly string[];
  /** Commits that may be in no branch of the forge any more. One that the copy does not have is none of its. */
  readonly commits: readonly string[];
}

/** What becomes of a copy. */
export type Keeping =
  | { readonly kept: false }
  | { readonly kept: true; readonly notes: Notes; readonly letGo: readonly string[] };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a copy is kept that nothing names: what was deleted by mistake is back by then. */
export const GRACE_MS = DAY_MS;
/** How long a ref is kept that nobody asks for. */
export const ASKED_MS = 7 * DAY_MS;
/** Between two times that objects of one copy are let go, and how old those have to be that no ref reaches: older than any git that runs. */
export const CLEANED_MS = DAY_MS;
/** Objects in files of their own, and packs, from which on a copy is packed anew: both make each reading slower, and hold what no ref reaches. */
const LOOSE_MAX = 2_000;
const PACKS_MAX = 20;

export const NO_NOTES: Notes = { asked: {}, unnamed: null, cleaned: null, pending: false };

/** Notes that say that these refs were asked for now; the same notes where they say so already, to the hour. */
export function noteAsked(notes: Notes, refs: readonly string[], now: number): Notes {
  const isNoted = (ref: string) => Math.abs(now - (notes.asked[ref] ?? 0)) < HOUR_MS;
  if (notes.unnamed === null && refs.every(isNoted)) return notes;
  return { ...notes, unnamed: null, asked: { ...notes.asked, ...Object.fromEntries(refs.map((ref) => [ref, now])) } };
}

/**
 * What becomes of a copy that has these refs. Null for what is needed says that nothing names it: then it goes a day later, unless somebody asks for it, and
 * stays as it is until then. A ref goes that is not needed, and that nobody has asked for in a week. A time that lies ahead counts as now.
 */
export function decideKeeping(notes: Notes, refs: readonly string[], needed: Needed | null, now: number): Keeping {
  if (needed === null) {
    const unnamed = Math.min(notes.unnamed ?? now, now);
    if (now - unnamed >= GRACE_MS) return { kept: false };
    return { kept: true, notes: { ...notes, unnamed }, letGo: [] };
  }
  const askedAt = (ref: string) => Math.min(notes.asked[ref] ?? now, now);
  const isKept = (ref: string) => needed.refs.includes(ref) || now - askedAt(ref) < ASKED_MS;
  const letGo = refs.filter((ref) => !isKept(ref));
  const asked = Object.fromEntries(refs.filter(isKept).map((ref) => [ref, askedAt(ref)]));
  return { kept: true, notes: { ...notes, unnamed: null, asked, pending: notes.pending || letGo.length > 0 }, letGo };
}

/** Whether objects are to be let go now. */
export function isCleaningDue(
  { cleaned, pending }: Notes,
  { loose, packs }: { readonly loose: number; readonly packs: number },
  now: number,
): boolean {
  if (cleaned !== null && now >= cleaned && now - cleaned < CLEANED_MS) return false;
  return pending || loose > LOOSE_MAX || packs > PACKS_MAX;
}
