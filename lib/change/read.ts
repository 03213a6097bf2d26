import { GitError, type GitOptions, gitBytes } from '#lib/git';
import { decoded, eachBlob, sizesOf } from './blobs.ts';
import type { Change, FileChange, FileTexts, Git, ReadChange } from './change.ts';
import { type Marks, marksOf } from './marks.ts';
import { type Changed, recordsOf } from './records.ts';

const MEBI = 1024 * 1024;
/** Bytes of a listing: some hundred thousand files. */
const LISTING = 32 * MEBI;
/** Bytes of one text, and of all that one change is read for. */
const ONE_TEXT = 4 * MEBI;
const ALL_TEXTS = 48 * MEBI;

/** Git in a bare repository, for {@link readChange}: with so much memory and no more, for what it reads came from a task. */
export function gitIn(cwd: string, options: Pick<GitOptions, 'timeoutMs'> = {}): Git {
  return (args, bounds) => gitBytes(args, { ...options, ...bounds, cwd, bounded: true });
}

/** The two commits that a change lies between; `base` is where it goes to, and may have moved on since. */
export interface Between {
  readonly base: string;
  readonly head: string;
}

/**
 * Reads in a bare repository what `head` changes since it left `base`: every file with both names, modes and line counts, which are pointers, and which may
 * hold a manifest. It is not complete where the two have no one commit in common, and where git's listing is too long or is not understood; two that
 * ask for the same commits get the same answer. Throws GitError where git fails otherwise: then nothing is known of the change.
 */
export async function readChange(git: Git, { base, head }: Between): Promise<ReadChange> {
  const mergeBases = await mergeBasesOf(git, base, head);
  const [start] = mergeBases;
  if (start === undefined || mergeBases.length > 1) return incomplete(mergeBases, apart(mergeBases));
  const records = await listed(git, start, head);
  if (typeof records === 'string') return incomplete(mergeBases, records);
  const ids = new Set(records.flatMap(({ before, after }) => [before, after]).filter((id) => id !== null));
  const sizes = await sizesOf(git, [...ids]);
  const marks = await marksOf(git, sizes);
  const files = records.map((record) => marked(record, marks));
  const change = { complete: true, why: null, mergeBases, files };
  return {
    ...change,
    withContent: async (paths) => ({ ...change, files: await filled(git, records, files, new Set(paths), sizes) }),
  };
}

function incomplete(mergeBases: readonly string[], why: string): ReadChange {
  const change: Change = { complete: false, why, mergeBases, files: [] };
  return { ...change, withContent: async () => change };
}

function apart({ length }: readonly string[]): string {
  return length === 0
    ? 'The branch has no commit in common with the one it goes to.'
    : 'The branch has several newest commits in common with the one it goes to; merge that one into it, so that there is one.';
}

/** The commits at which the change begins. */
async function mergeBasesOf(git: Git, base: string, head: string): Promise<string[]> {
  const said = await git(['merge-base', '--all', '--end-of-options', base, head], { outputMax: MEBI }).catch(
    (error: unknown) => {
      // That there is none is the only thing that it ends with 1 for, and says nothing of.
      if (error instanceof GitError && error.exitCode === 1 && error.output === '') return Buffer.alloc(0);
      throw error;
    },
  );
  return said
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** What git lists between two commits, or one sentence why nobody knows what it is. */
async function listed(git: Git, from: string, to: string): Promise<Changed[] | string> {
  const args = ['diff-tree', '-r', '-z', '-M', '--no-ext-diff', '--no-textconv', '--raw', '--numstat', '--no-abbrev'];
  try {
    const output = await git([...args, '--end-of-options', from, to], { outputMax: LISTING });
    return recordsOf(output) ?? 'What git says of the change is not understood.';
  } catch (error) {
    if (error instanceof GitError && error.code === 'TooMuchOutput') return 'The list of its files is too long.';
    throw error;
  }
}

function marked({ file, before, after }: Changed, marks: ReadonlyMap<string, Marks>): FileChange {
  const sides = [before, after].flatMap((id) => (id === null ? [] : [marks.get(id)]));
  return {
    ...file,
    pointer: sides.some((side) => side?.pointer === true),
    manifest: sides.some((side) => side?.manifest === true),
  };
}

async function filled(
  git: Git,
  records: readonly Changed[],
  files: readonly FileChange[],
  wanted: ReadonlySet<string>,
  sizes: ReadonlyMap<string, number>,
): Promise<FileChange[]> {
  let left = ALL_TEXTS;
  const readable = new Map<string, number>();
  for (const { file, before, after } of records)
    for (const id of wanted.has(file.path) ? [before, after] : []) {
      const size = id === null ? undefined : sizes.get(id);
      if (id === null || size === undefined || size > ONE_TEXT || size > left || readable.has(id)) continue;
      left -= size;
      readable.set(id, size);
    }
  const texts = new Map<string, string | null>();
  await eachBlob(git, [...readable], (id, bytes) => texts.set(id, decoded(bytes)));
  return files.map((file, at) => {
    if (!wanted.has(file.path)) return file;
    const side = (id: string | null) => (id === null ? null : (texts.get(id) ?? undefined));
    const [before, after] = [side(records[at]!.before), side(records[at]!.after)];
    const content: FileTexts | 'unreadable' =
      before === undefined || after === undefined ? 'unreadable' : { before, after };
    return { ...file, content };
  });
}
