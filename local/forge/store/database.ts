import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ForgeError } from '../errors.ts';

const SCHEMA_VERSION = 1;

/**
 * Opens `<dataDir>/forge.db`. SQLite because one transaction then holds a change *and* the webhook deliveries it causes, so a
 * `kill -9` at any instruction loses neither; the synchronous driver keeps a handler's transaction free of interleaving.
 * The file is locked for as long as the process lives; a second opener gets DataDirInUse.
 */
export function openDatabase(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dataDir, 'forge.db'));
  try {
    // Exclusive before the first read of a WAL database: the lock then also keeps other processes from reading.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    db.exec('BEGIN IMMEDIATE; COMMIT;');
  } catch (cause) {
    db.close();
    throw new ForgeError('DataDirInUse', `${dataDir} is in use by another forge; stop it or take another --data-dir.`, {
      cause,
    });
  }
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > SCHEMA_VERSION) {
    db.close();
    throw new ForgeError(
      'DataDirTooNew',
      `${dataDir} was written by a newer forge; start that version or another --data-dir.`,
    );
  }
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  return db;
}
