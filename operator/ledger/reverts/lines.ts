import { createHash } from 'node:crypto';
import { isGenerated } from '#domain';
import type { Edit } from './hunks.ts';

/**
 * One line of a merged change: the file it is of (an index), whether the change put it in or took it out, what it says (hashed), and the commit that took
 * it back; null while none did.
 */
export type KeptLine = readonly [file: number, sign: '+' | '-', text: string, goneBy: string | null];

/** A merged change line by line. Files are named as a diff names them. */
export interface KeptLines {
  readonly files: readonly string[];
  readonly lines: readonly KeptLine[];
}

/** Lines of one change that are told apart; a larger one is judged by its pieces alone. */
const KEPT = 5_000;
/** Shorter lines are like too many others: brackets, `end`. White space does not count. */
const SHORTEST = 4;

/** What a line says, without its white space; null for one that says too little. */
function said(line: string): string | null {
  const text = line.replace(/\s+/g, '');
  return text.length < SHORTEST ? null : createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const saying = (lines: readonly string[]): string[] => lines.flatMap((line) => said(line) ?? []);

/** Without files that programs write: their lines come and go with everything. */
export function keepLines(edits: readonly Edit[]): KeptLines {
  const written = edits.filter(({ token }) => !isGenerated(pathOf(token)));
  const files = [...new Set(written.map(({ token }) => token))];
  const place = new Map(files.map((file, index) => [file, index]));
  const lines = written.flatMap(({ token, out, in: into }): KeptLine[] => [
    ...saying(out).map((text): KeptLine => [place.get(token)!, '-', text, null]),
    ...saying(into).map((text): KeptLine => [place.get(token)!, '+', text, null]),
  ]);
  return { files, lines: lines.length <= KEPT ? lines : [] };
}

/** The path in `a/path b/path`, as far as telling a generated one goes. */
function pathOf(token: string): string {
  return token.slice(token.length / 2 + 1).replace(/^"?b\/|"$/g, '');
}

/** What a commit did to the lines of a change. */
export interface LinesGone {
  readonly kept: KeptLines;
  readonly lines: number;
  readonly gone: number;
  /** By this commit. */
  readonly goneNow: number;
}

/**
 * Takes what a commit takes back of a change, line by line, and gives back what it brings again. An edit takes back where it puts nothing in but what the
 * change had taken out, and at least half of what it takes out is the change's: code that grows on is taken out and put in anew, and that is no
 * fault. A line that the same commit puts in elsewhere has moved. Asked again about the same commit it answers the same.
 */
export function takeLines(kept: KeptLines, commit: string, edits: readonly Edit[]): LinesGone {
  const lines = new Lines(kept, commit);
  for (const { token, out, in: into } of edits) {
    const file = kept.files.indexOf(token);
    if (file === -1) continue;
    const [outs, ins] = [saying(out), saying(into)];
    const own = outs.filter((text) => lines.has(file, '+', text));
    const undoes = ins.every((text) => lines.has(file, '-', text)) && own.length * 2 >= outs.length;
    if (undoes) {
      lines.take(`${file} +`, own);
      lines.take(`${file} -`, ins);
    } else lines.giveBack(`${file} -`, outs);
  }
  lines.giveBack(
    '+',
    edits.flatMap((edit) => saying(edit.in)),
  );
  return lines.result();
}

/** Lines of one change, found by what they say. */
class Lines {
  readonly #kept: KeptLines;
  readonly #commit: string;
  readonly #goneBy: (string | null)[];
  readonly #places = new Map<string, number[]>();

  constructor(kept: KeptLines, commit: string) {
    this.#kept = kept;
    this.#commit = commit;
    this.#goneBy = kept.lines.map(([, , , by]) => (by === commit ? null : by));
    for (const [index, [file, sign, text]] of kept.lines.entries())
      for (const key of [`${file} ${sign} ${text}`, ...(sign === '+' ? [`+ ${text}`] : [])]) {
        const places = this.#places.get(key);
        if (places === undefined) this.#places.set(key, [index]);
        else places.push(index);
      }
  }

  has(file: number, sign: KeptLine[1], text: string): boolean {
    return this.#places.has(`${file} ${sign} ${text}`);
  }

  /** As many as there are; `where` is a file with a sign, or a sign for any file. */
  take(where: string, texts: readonly string[]): void {
    this.#mark(where, texts, (by) => by === null, this.#commit);
  }

  /** What this commit itself took comes back first: a line that is there as often as before has not been brought back to an earlier one. */
  giveBack(where: string, texts: readonly string[]): void {
    const rest = this.#mark(where, texts, (by) => by === this.#commit, null);
    this.#mark(where, rest, (by) => by !== null, null);
  }

  /** Marks as many lines as there are, and returns the texts for which there was none. */
  #mark(where: string, texts: readonly string[], from: (by: string | null) => boolean, to: string | null): string[] {
    return [...Map.groupBy(texts, (text) => text)].flatMap(([text, all]) => {
      const places = this.#places.get(`${where} ${text}`) ?? [];
      const marked = places.filter((place) => from(this.#goneBy[place] ?? null)).slice(0, all.length);
      for (const place of marked) this.#goneBy[place] = to;
      return all.slice(marked.length);
    });
  }

  result(): LinesGone {
    const goneBy = this.#goneBy;
    const lines = this.#kept.lines.map(([file, sign, text], index): KeptLine => [file, sign, text, goneBy[index]!]);
    return {
      kept: { ...this.#kept, lines },
      lines: lines.length,
      gone: goneBy.filter((by) => by !== null).length,
      goneNow: goneBy.filter((by) => by === this.#commit).length,
    };
  }
}
