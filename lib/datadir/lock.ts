import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DataDirError } from './error.ts';
import type { Layout } from './layout.ts';

export interface Lock {
  release(): void;
}

/**
 * Takes the data directory for this process. It is the kernel's lock on a file (through SQLite), so it ends with its
 * holder however that ends, and there is no stale lock to judge. Throws Held, naming the holder and how to stop it.
 */
export function lockDataDir(layout: Layout): Lock {
  const database = new DatabaseSync(layout.lock, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw held(layout, cause);
  }
  const holder = holderFile(layout);
  writeFileSync(holder, String(process.pid));
  return {
    release: () => {
      rmSync(holder, { force: true });
      if (database.isOpen) database.close();
    },
  };
}

function holderFile(layout: Layout): string {
  return `${layout.lock}.pid`;
}

function held(layout: Layout, cause: unknown): DataDirError {
  const pid = readHolder(layout);
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new DataDirError(
    'Held',
    `A rig is already up on ${layout.root} (${who}): stop it with "rig down --data-dir ${layout.root}", ` +
      'or give this one a directory of its own with --data-dir.',
    { cause },
  );
}

function readHolder(layout: Layout): number | undefined {
  try {
    return Number(readFileSync(holderFile(layout), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}
