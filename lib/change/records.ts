import type { FileChange } from './change.ts';

/** A changed file as a listing has it, with the ids of its texts; null where there is none on a side. */
export interface Changed {
  readonly file: Omit<FileChange, 'pointer' | 'manifest' | 'content'>;
  readonly before: string | null;
  readonly after: string | null;
}

const STATUS = { A: 'added', M: 'modified', D: 'deleted', R: 'renamed', C: 'copied', T: 'type' } as const;
const NO_MODE = '000000';

/**
 * Reads what `git diff-tree -r -z -M --raw --numstat --no-abbrev` says. Null where it is anything else than expected: then nobody knows what the
 * change touches.
 */
export function recordsOf(output: Buffer): Changed[] | null {
  const fields = output.toString('utf8').split('\0');
  if (fields.pop() !== '') return null;
  const raw: Changed[] = [];
  let at = 0;
  while (fields[at]?.startsWith(':')) {
    const record = rawRecord(fields, at);
    if (record === null) return null;
    raw.push(record.changed);
    at = record.next;
  }
  const lines = numstat(fields, at);
  if (lines === null || lines.size !== raw.length) return null;
  const counted = raw.map((changed) => withLines(changed, lines));
  return counted.every((changed) => changed !== null) ? counted : null;
}

function rawRecord(fields: readonly string[], at: number): { changed: Changed; next: number } | null {
  const match = /^:(\d{6}) (\d{6}) ([0-9a-f]{40,64}) ([0-9a-f]{40,64}) ([A-Z])\d*$/.exec(fields[at]!);
  const status = STATUS[match?.[5] as keyof typeof STATUS];
  if (match === null || status === undefined) return null;
  const renamed = status === 'renamed' || status === 'copied';
  const [first, second] = [fields[at + 1], renamed ? fields[at + 2] : undefined];
  const path = renamed ? second : first;
  if (path === undefined || first === undefined) return null;
  const side = (mode: string, id: string) => (mode === NO_MODE ? null : id);
  const mode = (text: string) => (text === NO_MODE ? null : text);
  const file: Changed['file'] = {
    path,
    previousPath: renamed ? first : null,
    status,
    oldMode: mode(match[1]!),
    newMode: mode(match[2]!),
    added: null,
    deleted: null,
  };
  const changed = { file, before: side(match[1]!, match[3]!), after: side(match[2]!, match[4]!) };
  return { changed, next: at + (renamed ? 3 : 2) };
}

/** Lines by the path at the head. */
function numstat(fields: readonly string[], from: number): Map<string, readonly [number | null, number | null]> | null {
  const lines = new Map<string, readonly [number | null, number | null]>();
  for (let at = from; at < fields.length; at += 1) {
    const match = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(fields[at]!);
    if (match === null) return null;
    const isRename = match[3] === '';
    const path = isRename ? fields[at + 2] : match[3];
    if (path === undefined) return null;
    lines.set(path, [count(match[1]!), count(match[2]!)]);
    if (isRename) at += 2;
  }
  return lines;
}

function count(text: string): number | null {
  return text === '-' ? null : Number(text);
}

function withLines(
  changed: Changed,
  lines: ReadonlyMap<string, readonly [number | null, number | null]>,
): Changed | null {
  const counted = lines.get(changed.file.path);
  return counted === undefined
    ? null
    : { ...changed, file: { ...changed.file, added: counted[0], deleted: counted[1] } };
}
