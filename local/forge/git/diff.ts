import { runGit } from './run.ts';

export interface FileChange {
  readonly sha: string;
  readonly filename: string;
  readonly previousFilename: string | null;
  readonly status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed';
  readonly additions: number;
  readonly deletions: number;
  /** Unified hunks without file headers; null for binary files and pure renames. */
  readonly patch: string | null;
}

const STATUS: Record<string, FileChange['status']> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
};

/** What changed from commit `from` to commit `to`, by path, renames detected. */
export async function diffFiles(gitDir: string, from: string, to: string): Promise<FileChange[]> {
  const args = ['diff-tree', '-r', '-M', '--full-index', '--no-ext-diff', '--no-textconv'];
  const [raw, numbers, patches] = await Promise.all([
    runGit(gitDir, [...args, '--raw', '-z', from, to]),
    runGit(gitDir, [...args, '--numstat', '-z', from, to]),
    runGit(gitDir, [...args, '-p', '-U3', '-z', from, to]),
  ]);
  const counts = parseNumstat(numbers.stdout.toString());
  const hunks = splitPatches(patches.stdout.toString());
  return parseRaw(raw.stdout.toString()).map((file, index) => {
    const count = counts[index] ?? { additions: 0, deletions: 0 };
    return { ...file, ...count, patch: hunks[index] ?? null };
  });
}

function parseRaw(text: string): Omit<FileChange, 'additions' | 'deletions' | 'patch'>[] {
  const fields = text.split('\0');
  const files = [];
  for (let i = 0; i + 1 < fields.length; ) {
    const [, , before = '', after = '', letter = 'M'] = (fields[i++] ?? '').split(' ');
    const status = STATUS[letter[0] ?? 'M'] ?? 'modified';
    const moved = status === 'renamed' || status === 'copied';
    const first = fields[i++] ?? '';
    const filename = moved ? (fields[i++] ?? '') : first;
    files.push({
      sha: status === 'removed' ? before : after,
      filename,
      previousFilename: moved ? first : null,
      status,
    });
  }
  return files;
}

function parseNumstat(text: string): { additions: number; deletions: number }[] {
  const fields = text.split('\0');
  const counts = [];
  for (let i = 0; i + 1 < fields.length; ) {
    const [added = '0', deleted = '0', path = ''] = (fields[i++] ?? '').split('\t');
    // With -z a rename has an empty path here and its two names in the next fields.
    if (path === '') i += 2;
    counts.push({ additions: Number(added) || 0, deletions: Number(deleted) || 0 });
  }
  return counts;
}

function splitPatches(text: string): (string | null)[] {
  const parts = text.split(/^diff --git .*$/m).slice(1);
  return parts.map((part) => {
    const start = part.search(/^@@ /m);
    return start < 0 ? null : part.slice(start).replace(/[\n\0]+$/, '');
  });
}

export interface ChangedPaths {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly modified: readonly string[];
}

/** The paths one commit touches against its first parent; none for a merge. */
export async function changedPaths(gitDir: string, sha: string): Promise<ChangedPaths> {
  const args = ['diff-tree', '--root', '--no-commit-id', '--no-renames', '--name-status', '-r', '-z', sha];
  const fields = (await runGit(gitDir, args)).stdout.toString().split('\0');
  const paths = { added: [] as string[], removed: [] as string[], modified: [] as string[] };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const list = fields[i] === 'A' ? paths.added : fields[i] === 'D' ? paths.removed : paths.modified;
    list.push(fields[i + 1] ?? '');
  }
  return paths;
}

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

/** Hunks of one file's patch as {@link FileChange.patch} holds it. */
function parseHunks(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  let lines: string[] = [];
  for (const line of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (header) {
      lines = [line];
      const [, oldStart, oldLines = '1', newStart, newLines = '1'] = header;
      hunks.push({ oldStart: +oldStart!, oldLines: +oldLines, newStart: +newStart!, newLines: +newLines, lines });
    } else lines.push(line);
  }
  return hunks;
}

/** The hunk that shows `line` of one side, cut after that line, or null if the diff does not show it. */
export function hunkAt(patch: string, line: number, side: 'LEFT' | 'RIGHT'): string | null {
  for (const hunk of parseHunks(patch)) {
    let oldLine = hunk.oldStart;
    let newLine = hunk.newStart;
    for (const [index, text] of hunk.lines.entries()) {
      if (index === 0) continue;
      const onOld = !text.startsWith('+') && !text.startsWith('\\');
      const onNew = !text.startsWith('-') && !text.startsWith('\\');
      const here = side === 'LEFT' ? onOld && oldLine === line : onNew && newLine === line;
      if (here) return hunk.lines.slice(0, index + 1).join('\n');
      if (onOld) oldLine++;
      if (onNew) newLine++;
    }
  }
  return null;
}

/** Where line `line` of the old version stands in the new one, or null if a hunk changed it. `patch` is of one file, with any context. */
export function moveLine(patch: string | null, line: number): number | null {
  let shift = 0;
  for (const hunk of patch === null ? [] : parseHunks(patch)) {
    let oldLine = hunk.oldStart;
    for (const text of hunk.lines.slice(1)) {
      if (text.startsWith('+')) {
        if (oldLine <= line) shift++;
      } else if (text.startsWith('-')) {
        if (oldLine === line) return null;
        if (oldLine < line) shift--;
        oldLine++;
      } else if (!text.startsWith('\\')) oldLine++;
    }
  }
  return line + shift;
}
