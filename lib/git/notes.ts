import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_NOTES, type Notes } from './keeping.ts';

const FILE = 'rig-notes.json';

/** What is noted of a copy; nothing where that cannot be understood, so that every time begins anew. */
export async function readNotes(copy: string): Promise<Notes> {
  const text = await readFile(join(copy, FILE), 'utf8').catch(() => '');
  try {
    const { asked, unnamed, cleaned, pending } = JSON.parse(text) as Partial<Record<keyof Notes, unknown>>;
    const times = Object.entries((asked ?? {}) as object).filter(([, at]) => Number.isFinite(at));
    return {
      asked: Object.fromEntries(times),
      unnamed: timeOf(unnamed),
      cleaned: timeOf(cleaned),
      pending: pending === true,
    };
  } catch {
    return NO_NOTES;
  }
}

/** A crash leaves the notes as they were, or as these. */
export async function writeNotes(copy: string, notes: Notes): Promise<void> {
  const written = join(copy, `${FILE}.new`);
  await writeFile(written, JSON.stringify(notes), { mode: 0o600 });
  await rename(written, join(copy, FILE));
}

function timeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
