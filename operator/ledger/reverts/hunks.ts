import { type GitOptions, git } from '#lib/git';

/** One piece of a change: `id` is what it does, `inverse` what takes it back, both by `git patch-id`, thus wherever in its file it stands. */
export interface Hunk {
  /** Its file, as the diff names it. */
  readonly file: string;
  readonly id: string;
  readonly inverse: string;
  /** Lines that it adds and removes; 1 for what has none, such as a binary or a mode. */
  readonly lines: number;
}

/** A change in pieces, and in whole files: a file that is taken back in one go is found by either. */
export interface Pieces {
  readonly hunks: readonly Hunk[];
  readonly files: readonly Hunk[];
  readonly edits: readonly Edit[];
}

/** What one place of a diff takes out and puts in; `token` names its file as the diff does. */
export interface Edit {
  readonly token: string;
  readonly out: readonly string[];
  readonly in: readonly string[];
}

/** Git names no patch whose lines are white space alone: one is like every other, and none of them is told by it. */
const BLANK = '';
/** Larger diffs cannot be read: whoever asks does not know what is in them. */
const DIFF_MAX = 64 * 1024 * 1024;

type Where = Pick<GitOptions, 'cwd'>;

/** The pieces of the way from one commit to another. Throws GitError for commits that are not there and for a diff of more than 64 MiB. */
export async function piecesOf(where: Where, from: string, to: string): Promise<Pieces> {
  const diff = await git(
    [
      'diff-tree',
      '-r',
      '-p',
      '-U0',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      '--no-color',
      '--full-index',
      '--end-of-options',
      from,
      to,
    ],
    { ...where, outputMax: DIFF_MAX, bounded: true },
  );
  const edits = editsOf(diff);
  const files = [...Map.groupBy(edits, ({ token }) => token)].map(
    ([token, own]): Edit => ({
      token: `whole ${token}`,
      out: own.flatMap((one) => one.out),
      in: own.flatMap((one) => one.in),
    }),
  );
  const ids = await patchIds(where, [...edits, ...files]);
  const hunks = [...edits, ...files].map(
    (edit, index): Hunk => ({
      ...ids[index]!,
      file: edit.token.replace(/^whole /, ''),
      lines: Math.max(1, linesOf(edit)),
    }),
  );
  const told = ({ id, inverse }: Hunk) => id !== BLANK && inverse !== BLANK;
  return { hunks: hunks.slice(0, edits.length).filter(told), files: hunks.slice(edits.length).filter(told), edits };
}

/** Files whose whole text a commit takes out and puts into another one, each with that one. */
export function movesOf(edits: readonly Edit[]): { readonly from: string; readonly to: string }[] {
  const whole = [...Map.groupBy(edits, ({ token }) => token)].map(([token, own]) => ({
    token,
    out: own.flatMap(({ out }) => out).join('\n'),
    into: own.flatMap((one) => one.in).join('\n'),
  }));
  const put = new Map(
    whole.flatMap(({ token, out, into }) => (out === '' && into !== '' ? [[into, token] as const] : [])),
  );
  return whole.flatMap(({ token, out, into }) => {
    const to = into === '' ? put.get(out) : undefined;
    return to === undefined ? [] : [{ from: token, to }];
  });
}

const linesOf = (edit: Edit): number => edit.out.length + edit.in.length;

/**
 * The edits that a diff without context tells of. A hunk's header says how many lines are its own, so that no line of a file is taken for a header.
 * What has no lines (a binary, an empty file, a mode) is an edit of what stands for it.
 */
export function editsOf(diff: string): Edit[] {
  const edits: Edit[] = [];
  const lines = diff.split('\n');
  let token = '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    if (line.startsWith('diff --git ')) token = line.slice('diff --git '.length);
    const counts = /^@@ -\d+(?:,(?<out>\d+))? \+\d+(?:,(?<in>\d+))? @@/.exec(line)?.groups;
    if (counts !== undefined) {
      const read = body(lines, at + 1, Number(counts.out ?? 1), Number(counts.in ?? 1));
      edits.push({ token, out: read.out, in: read.in });
      at = read.end - 1;
      continue;
    }
    const blob = /^index (?<out>[0-9a-f]{40})\.\.(?<in>[0-9a-f]{40})/.exec(line)?.groups;
    if (blob !== undefined && !/^(--- |GIT binary)/.test(lines[at + 1] ?? ''))
      edits.push(standIn(token, 'blob', blob.out!, blob.in!));
    const mode = /^old mode (?<mode>\d{6})$/.exec(line)?.groups;
    if (mode !== undefined)
      edits.push(standIn(token, 'mode', mode.mode!, (lines[at + 1] ?? '').slice('new mode '.length)));
  }
  return edits;
}

const standIn = (token: string, what: string, out: string, into: string): Edit => ({
  token,
  out: [`${what} ${out}`],
  in: [`${what} ${into}`],
});

function body(lines: readonly string[], from: number, outs: number, ins: number) {
  const edit = { out: [] as string[], in: [] as string[], end: from };
  for (; edit.out.length < outs || edit.in.length < ins; edit.end += 1) {
    const line = lines[edit.end];
    if (line === undefined) break;
    if (line.startsWith('-')) edit.out.push(line.slice(1));
    else if (line.startsWith('+')) edit.in.push(line.slice(1));
  }
  return edit;
}

/** `git patch-id` of each edit and of its inverse, in one run: each is shown to it as a commit of its own, numbered. */
async function patchIds(where: Where, edits: readonly Edit[]): Promise<{ id: string; inverse: string }[]> {
  if (edits.length === 0) return [];
  const input = edits.map(
    (edit, index) =>
      patch(2 * index, edit.token, edit.out, edit.in) + patch(2 * index + 1, edit.token, edit.in, edit.out),
  );
  const said = await git(['patch-id', '--stable'], {
    ...where,
    input: Buffer.from(input.join('')),
    outputMax: DIFF_MAX,
  });
  const ids = new Map(
    said.split('\n').flatMap((line): [number, string][] => {
      const [id, number] = line.split(' ');
      return number === undefined ? [] : [[Number.parseInt(number, 16), id!]];
    }),
  );
  return edits.map((_, index) => ({ id: ids.get(2 * index) ?? BLANK, inverse: ids.get(2 * index + 1) ?? BLANK }));
}

function patch(number: number, token: string, out: readonly string[], into: readonly string[]): string {
  const commit = number.toString(16).padStart(40, '0');
  const header = `commit ${commit}\ndiff --git ${token}\n--- a/file\n+++ b/file\n@@ -1,${out.length} +1,${into.length} @@\n`;
  return `${header}${out.map((line) => `-${line}\n`).join('')}${into.map((line) => `+${line}\n`).join('')}`;
}
