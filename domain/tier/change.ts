import { movedLines } from './moved.ts';

/** One file of a change, as git tells it between the merge base and the head. */
export interface ChangedFile {
  /** Its name at the head, or its last one where it was deleted. */
  readonly path: string;
  /** Its name at the base where git found it renamed or copied; it is graded under both. */
  readonly previousPath: string | null;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type';
  /** Modes as git writes them (`100644`, `100755`, `120000`, `160000`); null on the side where there is no such file. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Lines; null for a binary file. */
  readonly added: number | null;
  readonly deleted: number | null;
  /** Whether either side is a pointer of Git LFS; left out it is told from the content alone. */
  readonly pointer?: boolean;
  /** Whether its text may hold a manifest though its name does not say so; then it is asked for. Left out: no. */
  readonly manifest?: boolean;
  /** Its whole text on both sides, where a rule needs it ({@link contentNeeded}); `unreadable` where it could not be had as text. */
  readonly content?: FileContent | 'unreadable';
}

/** Whole texts, decoded as UTF-8; null on the side where there is no such file. */
export interface FileContent {
  readonly before: string | null;
  readonly after: string | null;
}

/** What a change touches. */
export interface ChangeFacts {
  /** Whether every file is here; a list that was cut grades nothing below T3. */
  readonly complete: boolean;
  readonly files: readonly ChangedFile[];
}

/**
 * Lines that only one side has, each as often as it has it more. `ordered`: a line that both have and that stands in another order counts on both sides; else what was
 * merely moved is neither.
 */
export function differingLines(content: FileContent, ordered = false): { added: string[]; removed: string[] } {
  const { before, after } = betweenEqual(content);
  const [old, now] = [lines(before), lines(after)];
  const count = new Map<string, number>();
  for (const line of old) count.set(line, (count.get(line) ?? 0) - 1);
  for (const line of now) count.set(line, (count.get(line) ?? 0) + 1);
  const [added, removed]: [string[], string[]] = [[], []];
  for (const [line, times] of count)
    for (let n = Math.abs(times); n > 0; n -= 1) (times > 0 ? added : removed).push(line);
  const moved = ordered ? movedLines(old, now) : [];
  return { added: [...added, ...moved], removed: [...removed, ...moved] };
}

/** What is left between the lines that both texts begin and end with: nearly always little. */
function betweenEqual({ before, after }: FileContent): FileContent {
  if (before === null || after === null) return { before, after };
  const [old, now] = [before.length, after.length];
  const shorter = Math.min(old, now);
  const alike = most(shorter, (from, to) => before.slice(from, to) === after.slice(from, to));
  const ends = most(
    shorter - alike,
    (from, to) => before.slice(old - to, old - from) === after.slice(now - to, now - from),
  );
  // From the beginning of the line in which they differ first to the end of the last one.
  const from = alike === 0 ? 0 : before.lastIndexOf('\n', alike - 1) + 1;
  const rest = before.indexOf('\n', old - ends);
  const kept = rest < 0 ? 0 : old - rest - 1;
  return { before: before.slice(from, old - kept), after: after.slice(from, now - kept) };
}

/** Characters that are compared at once. */
const PIECE = 1_024;

/** The greatest length up to `limit` over which all is alike, told by pieces: those that are alike are passed over in no time. */
function most(limit: number, alike: (from: number, to: number) => boolean): number {
  let low = 0;
  while (low + PIECE <= limit && alike(low, low + PIECE)) low += PIECE;
  let high = Math.min(low + PIECE, limit) + 1;
  const begin = low;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (alike(begin, middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The lines of a text; none where there is no such file. */
export function lines(text: string | null): string[] {
  return text === null ? [] : text.split(/\r\n|\n|\r/);
}
