import type { EventData } from '../events/catalogue.ts';

/** How much of a merged change is gone from its base branch, and how much of the last commit that took of it went into that. In lines. */
export interface Undone {
  readonly lines: number;
  readonly gone: number;
  /** Taken by the last commit. */
  readonly goneNow: number;
  /** All lines that the last commit changes. */
  readonly commitLines: number;
}

/** From this share on, what is gone of a change counts as taken back; from the second on a person is asked. */
const HALF = 0.5;
const SOME = 0.25;

/** `whole`: the commit is the inverse and nothing else. `contained`: all of it is gone, with or between other things. `partial`: most of it is. */
export type RevertShape = EventData<'CHANGE_REVERTED'>['shape'];

/** What a commit that takes of a change makes of it: a revert, a question to a person, or nothing that anybody has to know. */
export function judgeUndone({ lines, gone, goneNow, commitLines }: Undone): RevertShape | 'question' | null {
  if (lines === 0 || goneNow === 0) return null;
  if (gone === lines) return goneNow === lines && commitLines === lines ? 'whole' : 'contained';
  const share = gone / lines;
  if (share >= HALF) return 'partial';
  return share >= SOME ? 'question' : null;
}

/**
 * The same by single lines, which tell less: what goes away line by line may have been taken back in pieces, or grown out of. From half of a change on
 * a person is asked; nobody is found at fault.
 */
export function judgeLinesGone({ lines, gone, goneNow }: Omit<Undone, 'commitLines'>): 'question' | null {
  return lines > 0 && goneNow > 0 && gone / lines >= HALF ? 'question' : null;
}

/** What a commit's message says that it reverts: commits by their beginning, pull requests by number. It is somebody's word and proves nothing. */
export function saidReverted(message: string): {
  readonly commits: readonly string[];
  readonly pulls: readonly number[];
} {
  const commits = [...message.matchAll(/\breverts? commit ([0-9a-f]{7,40})\b/gi)].map(([, sha]) => sha!.toLowerCase());
  const pulls = [...message.matchAll(/\breverts? (?:[\w.-]+\/[\w.-]+)?#(\d{1,9})\b/gi)].map(([, number]) =>
    Number(number),
  );
  return { commits: commits.slice(0, 20), pulls: pulls.slice(0, 20) };
}
