import type { ChangedFile, ChangeFacts, FileContent } from '#domain';
import { GitError, gitBytes } from '../gateway/git.ts';
import { type Changed, recordsOf } from './records.ts';

const MEBI = 1024 * 1024;
/** Bytes of a listing: some hundred thousand files. */
const LISTING = 32 * MEBI;
/** Bytes of one text, and of all that one change is read for. */
const ONE_TEXT = 4 * MEBI;
const ALL_TEXTS = 48 * MEBI;
/** A pointer of Git LFS is shorter, by its specification. */
const POINTER_BYTES = 1_024;
const POINTER = 'version https://git-lfs.github.com/spec/';

/** A change as git tells it, whose texts can be had. */
export interface ReadChange {
  readonly facts: ChangeFacts;
  /** The same with the texts of these files; where one is no text, or too long, `unreadable`. */
  withContent(paths: readonly string[]): Promise<ChangeFacts>;
}

/**
 * Reads in a bare repository what `head` changes since it left `base`: every file with both names, modes and line counts, and which are pointers. Where
 * the two have no one commit in common, or git's listing is not understood, the facts are not complete. Throws GitError where git fails.
 */
export async function readChange(cwd: string, base: string, head: string): Promise<ReadChange> {
  const start = await startOf(cwd, base, head);
  const args = ['diff-tree', '-r', '-z', '-M', '--no-ext-diff', '--no-textconv', '--raw', '--numstat', '--no-abbrev'];
  const records =
    start === null
      ? null
      : recordsOf(await gitBytes([...args, start, head], { cwd, bounded: true, outputMax: LISTING }));
  if (records === null)
    return { facts: { complete: false, files: [] }, withContent: async () => ({ complete: false, files: [] }) };
  const sizes = await sizesOf(cwd, records);
  const small = [...sizes].flatMap(([id, size]) => (size > 0 && size < POINTER_BYTES ? [id] : []));
  const pointers = await textsOf(cwd, small);
  const isPointer = (id: string | null) => id !== null && pointers.get(id)?.startsWith(POINTER) === true;
  const files = records.map(({ file, before, after }) => ({ ...file, pointer: isPointer(before) || isPointer(after) }));
  return {
    facts: { complete: true, files },
    withContent: async (paths) => ({ complete: true, files: await filled(cwd, records, files, new Set(paths), sizes) }),
  };
}

/** The commit at which the change begins; null where there is none, or more than one. */
async function startOf(cwd: string, base: string, head: string): Promise<string | null> {
  const said = await gitBytes(['merge-base', '--all', base, head], { cwd, outputMax: MEBI }).catch((error: unknown) => {
    if (error instanceof GitError && error.exitCode === 1 && error.output === '') return Buffer.alloc(0);
    throw error;
  });
  const [only, ...more] = said.toString('utf8').trim().split('\n');
  return only === undefined || only === '' || more.length > 0 ? null : only;
}

/** Bytes of every blob of the change; what is no blob here, as a submodule's commit, is left out. */
async function sizesOf(cwd: string, records: readonly Changed[]): Promise<Map<string, number>> {
  const ids = [...new Set(records.flatMap(({ before, after }) => [before, after]).filter((id) => id !== null))];
  if (ids.length === 0) return new Map();
  const input = Buffer.from(ids.map((id) => `${id}\n`).join(''));
  const told = await gitBytes(['cat-file', '--batch-check'], { cwd, input, bounded: true, outputMax: LISTING });
  return new Map(
    told
      .toString('utf8')
      .split('\n')
      .flatMap((line): [string, number][] => {
        const [id, type, size] = line.split(' ');
        return type === 'blob' ? [[id!, Number(size)]] : [];
      }),
  );
}

async function filled(
  cwd: string,
  records: readonly Changed[],
  files: readonly ChangedFile[],
  wanted: ReadonlySet<string>,
  sizes: ReadonlyMap<string, number>,
): Promise<ChangedFile[]> {
  let left = ALL_TEXTS;
  const readable = new Set<string>();
  for (const { file, before, after } of records)
    for (const id of wanted.has(file.path) ? [before, after] : []) {
      const size = id === null ? undefined : sizes.get(id);
      if (id === null || size === undefined || size > ONE_TEXT || size > left || readable.has(id)) continue;
      left -= size;
      readable.add(id);
    }
  const texts = await textsOf(cwd, [...readable]);
  return files.map((file, at) => {
    if (!wanted.has(file.path)) return file;
    const side = (id: string | null) => (id === null ? null : texts.get(id));
    const [before, after] = [side(records[at]!.before), side(records[at]!.after)];
    const content: FileContent | 'unreadable' =
      before === undefined || after === undefined ? 'unreadable' : { before, after };
    return { ...file, content };
  });
}

/** Those of the blobs that are text. */
async function textsOf(cwd: string, ids: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (ids.length === 0) return texts;
  const input = Buffer.from(ids.map((id) => `${id}\n`).join(''));
  const said = await gitBytes(['cat-file', '--batch'], { cwd, input, bounded: true, outputMax: ALL_TEXTS + LISTING });
  let at = 0;
  while (at < said.length) {
    const end = said.indexOf(0x0a, at);
    const [id, type, size] = said.toString('latin1', at, end).split(' ');
    if (end < 0 || type !== 'blob') break;
    const [from, to] = [end + 1, end + 1 + Number(size)];
    const text = decoded(said.subarray(from, to));
    if (text !== null) texts.set(id!, text);
    at = to + 1;
  }
  return texts;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
