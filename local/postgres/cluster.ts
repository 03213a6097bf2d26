import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { ADMIN_ROLE } from './credentials.ts';
import { PostgresError } from './errors.ts';

const MAJOR = '18';
const run = promisify(execFile);

/**
 * Makes the cluster if there is none. It is built aside and renamed at the end, so a crash never leaves half a cluster.
 * Throws `WrongVersion` when the directory belongs to another major version of PostgreSQL, `InitFailed` otherwise.
 */
export async function ensureCluster(
  cluster: string,
  binaries: Binaries,
  account: Account,
  password: string,
): Promise<void> {
  const version = await readVersion(cluster);
  if (version === MAJOR) return;
  if (version !== undefined)
    throw new PostgresError(
      'WrongVersion',
      `The data directory ${cluster} belongs to PostgreSQL ${version} and this is PostgreSQL ${MAJOR}: dump it with version ${version} and restore it, or choose another with --data-dir.`,
    );
  const fresh = `${cluster}.new`;
  const passwordFile = `${cluster}.pw`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (account.ids !== undefined)
      await Promise.all([fresh, passwordFile].map((path) => chown(path, account.ids?.uid ?? 0, account.ids?.gid ?? 0)));
    await initialise(fresh, passwordFile, binaries, account);
    await rename(fresh, cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function initialise(fresh: string, passwordFile: string, binaries: Binaries, account: Account): Promise<void> {
  const { file, args, options } = account.launch(binaries.initdb, [
    ...['--pgdata', fresh, '--username', ADMIN_ROLE, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--no-locale', '--encoding', 'UTF8', '--data-checksums'],
  ]);
  try {
    await run(file, args, { uid: options.uid, gid: options.gid, env: { PATH: process.env.PATH, LC_ALL: 'C' } });
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? cause)
      .trim()
      .split('\n')
      .at(-1);
    throw new PostgresError('InitFailed', `PostgreSQL could not prepare ${fresh}: ${said}`, { cause });
  }
}

async function readVersion(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
