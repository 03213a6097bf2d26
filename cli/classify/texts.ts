import { spawnSync } from 'node:child_process';
import type { ChangedFile, ChangeFacts, FileContent } from '#domain';
import type { Diff, DiffFile } from './diff.ts';

const MOST = 4 * 1024 * 1024;

/** Text of a blob; null where it is none, or is not there. */
export type ReadBlob = (id: string) => string | null;

/** Reads blobs of the git repository of a folder; nothing where the folder is in none. */
export function blobsOf(folder: string): ReadBlob {
  return (id) => {
    const { status, stdout } = spawnSync('git', ['cat-file', 'blob', id], { cwd: folder, maxBuffer: MOST });
    return status === 0 ? decoded(stdout) : null;
  };
}

/** The diff with the texts of these files: from the diff itself where it has them whole, else from git. What neither has is `unreadable`. */
export function withTexts({ complete, files }: Diff, wanted: readonly string[], read: ReadBlob): ChangeFacts {
  const paths = new Set(wanted);
  return { complete, files: files.map((one) => (paths.has(one.file.path) ? filled(one, read) : one.file)) };
}

function filled({ file, blobs, whole }: DiffFile, read: ReadBlob): ChangedFile {
  const side = (mode: string | null, id: string | null): string | null | undefined => {
    if (mode === null) return null;
    return whole ?? (id === null ? undefined : (read(id) ?? undefined));
  };
  const [before, after] = [side(file.oldMode, blobs.before), side(file.newMode, blobs.after)];
  const content: FileContent | 'unreadable' =
    before === undefined || after === undefined ? 'unreadable' : { before, after };
  return { ...file, content };
}

function decoded(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
