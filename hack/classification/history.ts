import { execFileSync } from 'node:child_process';
import { type Outline, outlineOf } from './outline.ts';

/** What git says of one file of a change, and of its content an outline: no line of it as it was written. */
export interface FileFacts {
  readonly path: string;
  /** The name before a rename or a copy, else null. */
  readonly previousPath: string | null;
  readonly status: 'added' | 'copied' | 'deleted' | 'modified' | 'renamed' | 'typechanged';
  /** Octal as git writes it; null where the file is not there on that side. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Lines; null for a binary. */
  readonly added: number | null;
  readonly deleted: number | null;
  /** Left out for links and submodules; `unreadable` where it is no text, or the clone does not have it. */
  readonly outline?: Outline | 'unreadable';
}

/** One commit against its first parent. */
export interface ChangeFacts {
  readonly commit: string;
  readonly base: string;
  readonly date: string;
  /** The first line of the message. */
  readonly title: string;
  readonly files: readonly FileFacts[];
}

const STATUS: Readonly<Record<string, FileFacts['status']>> = {
  A: 'added',
  C: 'copied',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'typechanged',
};

/**
 * Facts of `commit` in the clone at `clone`, bare or not: against its first parent, renames found, names as they are. Throws what
 * git says where the commit or one of its blobs is not in the clone.
 */
export function readChange(clone: string, commit: string): ChangeFacts {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', clone, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const [full = '', date = '', title = ''] = git('show', '-s', '--format=%H%x00%cs%x00%s', commit)
    .trimEnd()
    .split('\0');
  const base = git('rev-parse', `${full}^1`).trim();
  const diff = (form: string) => git('diff', '-M', '--no-ext-diff', form, '-z', '--abbrev=40', base, full);
  const files = joinFacts(diff('--raw'), diff('--numstat'));
  return { commit: full, base, date, title, files: files.map((file) => outlined(clone, base, full, file)) };
}

const LINK_OR_MODULE = new Set(['120000', '160000']);

function outlined(clone: string, base: string, commit: string, file: FileFacts): FileFacts {
  const { path, previousPath, oldMode, newMode, added } = file;
  if (LINK_OR_MODULE.has(oldMode ?? '') || LINK_OR_MODULE.has(newMode ?? '')) return file;
  if (added === null) return { ...file, outline: 'unreadable' };
  try {
    const before = oldMode === null ? null : blob(clone, `${base}:${previousPath ?? path}`);
    const after = newMode === null ? null : blob(clone, `${commit}:${path}`);
    return { ...file, outline: outlineOf(path, before, after) };
  } catch {
    // A blob that is not in the clone, or not UTF-8.
    return { ...file, outline: 'unreadable' };
  }
}

/** The text of a file at a commit. Throws where there is none. */
export function blob(clone: string, name: string): string {
  const bytes = execFileSync('git', ['-C', clone, 'cat-file', 'blob', name], {
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** Files of `git diff --raw -z` with the line counts of `git diff --numstat -z` of the same two commits. */
export function joinFacts(raw: string, numstat: string): FileFacts[] {
  const counts = parseCounts(numstat);
  const fields = raw.split('\0');
  const files: FileFacts[] = [];
  for (let at = 0; fields[at]?.startsWith(':'); ) {
    const [oldMode = '', newMode = '', , , letter = ''] = (fields[at] as string).slice(1).split(' ');
    const moved = letter.startsWith('R') || letter.startsWith('C');
    const path = fields[at + (moved ? 2 : 1)] ?? '';
    const status = STATUS[letter.charAt(0)];
    if (status === undefined) throw new Error(`git names a status that is not known: ${letter} of ${path}`);
    const lines = counts.get(path) ?? [null, null];
    const previousPath = moved ? (fields[at + 1] ?? null) : null;
    files.push({ path, previousPath, status, ...modes(oldMode, newMode), added: lines[0], deleted: lines[1] });
    at += moved ? 3 : 2;
  }
  return files;
}

const modes = (oldMode: string, newMode: string) => ({
  oldMode: oldMode === '000000' ? null : oldMode,
  newMode: newMode === '000000' ? null : newMode,
});

function parseCounts(numstat: string): Map<string, [number | null, number | null]> {
  const counts = new Map<string, [number | null, number | null]>();
  const fields = numstat.split('\0');
  const count = (text: string) => (text === '-' ? null : Number(text));
  for (let at = 0; at < fields.length - 1; ) {
    const [added = '', deleted = '', path = ''] = (fields[at] as string).split('\t');
    // A renamed file has an empty name here; its two names follow.
    const name = path === '' ? (fields[at + 2] ?? '') : path;
    counts.set(name, [count(added), count(deleted)]);
    at += path === '' ? 3 : 1;
  }
  return counts;
}
