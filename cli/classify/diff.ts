import type { ChangedFile, ChangeFacts } from '#domain';
import { hintsAtManifest } from '#lib/change';

/** A file of a diff, with what is known of its texts. */
export interface DiffFile {
  readonly file: ChangedFile;
  /** Ids of both texts, as the diff abbreviates them; null on the side where there is none, or it does not say. */
  readonly blobs: { readonly before: string | null; readonly after: string | null };
  /** The lines of a file that is new or gone, which a diff has whole; null otherwise. */
  readonly whole: string | null;
}

/** A diff as `git diff` writes it; `complete` only where every line of it was understood. */
export interface Diff {
  readonly complete: boolean;
  readonly files: readonly DiffFile[];
}

/** Reads a diff of git. What it does not understand, it leaves incomplete: then nothing is graded below T3. */
export function parseDiff(text: string): Diff {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const first = lines.findIndex((line) => line.startsWith('diff --git '));
  if (first < 0) return { complete: lines.every((line) => line.trim() === ''), files: [] };
  const files: DiffFile[] = [];
  let complete = true;
  let from = first;
  while (from < lines.length) {
    const { header, end, body } = sectionOf(lines, from);
    const file = fileOf(header, body);
    if (file === null) complete = false;
    else files.push(file);
    from = end;
  }
  return { complete, files };
}

/** The facts of a diff, before any text is looked for. */
export function factsOf({ complete, files }: Diff): ChangeFacts {
  return { complete, files: files.map(({ file }) => file) };
}

interface Body {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly isBinary: boolean;
  readonly isWhole: boolean;
}

/** One file's lines: its header, and its hunks, whose lengths say where they end. */
function sectionOf(lines: readonly string[], from: number): { header: string[]; end: number; body: Body } {
  let at = from + 1;
  const header = [lines[from]!];
  while (at < lines.length && !lines[at]!.startsWith('@@ ') && !lines[at]!.startsWith('diff --git ')) {
    header.push(lines[at]!);
    at += 1;
  }
  const [added, removed]: [string[], string[]] = [[], []];
  let isWhole = true;
  while (lines[at]?.startsWith('@@ ')) {
    const match = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[at]!);
    let [old, now] = match === null ? [0, 0] : [Number(match[1] ?? 1), Number(match[2] ?? 1)];
    isWhole &&= match !== null;
    at += 1;
    for (; (old > 0 || now > 0) && at < lines.length; at += 1) {
      const [sign, line] = [lines[at]![0] ?? ' ', lines[at]!.slice(1)];
      if (sign === '\\') continue;
      if (sign !== '+') old -= 1;
      if (sign !== '-') now -= 1;
      if (sign === '+') added.push(line);
      if (sign === '-') removed.push(line);
    }
    isWhole &&= old === 0 && now === 0;
    while (lines[at]?.startsWith('\\')) at += 1;
  }
  const isBinary = header.some((line) => line.startsWith('Binary files ') || line === 'GIT binary patch');
  return { header, end: at, body: { added, removed, isBinary, isWhole } };
}

/** Null where the header does not say which file it is about, or a hunk was cut. */
function fileOf(header: readonly string[], { added, removed, isBinary, isWhole }: Body): DiffFile | null {
  const said = (prefix: string) => header.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const names = namesOf(header, said);
  if (names === null || !isWhole) return null;
  const index = /^([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?$/.exec(said('index ') ?? '');
  const [isNew, isGone] = [said('new file mode '), said('deleted file mode ')];
  const oldMode = isNew !== undefined ? null : (said('old mode ') ?? isGone ?? index?.[3] ?? '100644');
  const newMode = isGone !== undefined ? null : (said('new mode ') ?? isNew ?? index?.[3] ?? '100644');
  const renamed = names.before !== names.after && isNew === undefined && isGone === undefined;
  const file: ChangedFile = {
    path: isGone === undefined ? names.after : names.before,
    previousPath: renamed ? names.before : null,
    status: isNew !== undefined ? 'added' : isGone !== undefined ? 'deleted' : renamed ? 'renamed' : 'modified',
    oldMode,
    newMode,
    added: isBinary ? null : added.length,
    deleted: isBinary ? null : removed.length,
    // A diff does not show the rest of the file: what is not among its lines is only seen by whoever reads the repository.
    manifest: hintsAtManifest([...added, ...removed].join('\n')),
  };
  const blobs = {
    before: oldMode === null ? null : (index?.[1] ?? null),
    after: newMode === null ? null : (index?.[2] ?? null),
  };
  const lines = oldMode === null ? added : newMode === null ? removed : null;
  return { file, blobs, whole: lines === null || isBinary ? null : lines.join('\n') };
}

function namesOf(
  header: readonly string[],
  said: (prefix: string) => string | undefined,
): { before: string; after: string } | null {
  const [from, to] = [said('rename from ') ?? said('copy from '), said('rename to ') ?? said('copy to ')];
  if (from !== undefined && to !== undefined) return both(unquoted(from), unquoted(to));
  const [old, now] = [side(said('--- '), 'a/'), side(said('+++ '), 'b/')];
  if (old !== undefined && now !== undefined) return both(old ?? now, now ?? old);
  // Without hunks the first line alone has the name, twice the same.
  const rest = header[0]!.slice('diff --git '.length);
  if (rest.startsWith('"')) {
    const match = /^("(?:[^"\\]|\\.)*") ("(?:[^"\\]|\\.)*")$/.exec(rest);
    return match === null ? null : both(side(match[1], 'a/') ?? null, side(match[2], 'b/') ?? null);
  }
  const half = (rest.length - 1) / 2;
  const [left, right] = [rest.slice(0, half), rest.slice(half + 1)];
  return Number.isInteger(half) && left.slice(2) === right.slice(2) ? both(left.slice(2), right.slice(2)) : null;
}

function both(before: string | null, after: string | null): { before: string; after: string } | null {
  return before === null || after === null ? null : { before, after };
}

/** Null for no file, undefined where the line is not there or begins otherwise. */
function side(line: string | undefined, prefix: string): string | null | undefined {
  const name = line === undefined ? null : unquoted(line.replace(/\t$/, ''));
  if (line === undefined || name === null) return undefined;
  if (name === '/dev/null') return null;
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, '"': 34, '\\': 92 };

/** A name as git quotes it. Null where the quotes do not end. */
function unquoted(text: string): string | null {
  if (!text.startsWith('"')) return text;
  if (!/^"(?:[^"\\]|\\.)*"$/.test(text)) return null;
  const parts = text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/g);
  const bytes = [...parts].map(([, octal, escaped, plain]) => {
    if (plain !== undefined) return Buffer.from(plain);
    return Buffer.from([octal === undefined ? (ESCAPES[escaped!] ?? 0) : Number.parseInt(octal, 8)]);
  });
  return Buffer.concat(bytes).toString('utf8');
}
