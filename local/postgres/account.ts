import { execFile, type SpawnOptions } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, parse } from 'node:path';
import { promisify } from 'node:util';
import { PostgresError } from './errors.ts';

const run = promisify(execFile);

/** The operating system account that PostgreSQL runs under: ours, or `postgres` when we are root, which PostgreSQL refuses. */
export interface Account {
  /** Undefined when no change of account is needed. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** Turns a command line into one that runs under the account. */
  launch(file: string, args: readonly string[]): { file: string; args: string[]; options: SpawnOptions };
}

/**
 * Picks the account for a server whose files lie under `paths`. As root the account `postgres` is used, and made when the
 * machine has none; where it may not enter a parent folder (a home of mode 0700), the server is given the one capability
 * that it needs for that. Throws `AccountMissing` or `Unreachable`.
 */
export async function pickAccount(paths: readonly string[]): Promise<Account> {
  if (process.getuid?.() !== 0)
    return { ids: undefined, launch: (file, args) => ({ file, args: [...args], options: {} }) };
  const ids = await postgresIds();
  const closed = await firstClosedFolder(paths, ids);
  if (closed === undefined) return { ids, launch: (file, args) => ({ file, args: [...args], options: ids }) };
  await requireSetpriv(closed);
  const prefix = setprivArguments(ids);
  return { ids, launch: (file, args) => ({ file: 'setpriv', args: [...prefix, file, ...args], options: {} }) };
}

async function postgresIds(): Promise<{ uid: number; gid: number }> {
  try {
    return await lookUpIds();
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch((cause: unknown) => {
      throw new PostgresError(
        'AccountMissing',
        'PostgreSQL refuses to run as root and the account "postgres" could not be created: create it, or start Rig as another user.',
        { cause },
      );
    });
    return lookUpIds();
  }
}

async function lookUpIds(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
  return { uid: Number.parseInt(uid.stdout, 10), gid: Number.parseInt(gid.stdout, 10) };
}

async function firstClosedFolder(
  paths: readonly string[],
  ids: { uid: number; gid: number },
): Promise<string | undefined> {
  for (const path of paths) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const { mode, uid, gid } = await stat(folder);
      const bit = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return folder;
      if (folder === parse(folder).root) break;
    }
  }
  return undefined;
}

async function requireSetpriv(closed: string): Promise<void> {
  await run('setpriv', ['--version']).catch((cause: unknown) => {
    throw new PostgresError(
      'Unreachable',
      `PostgreSQL refuses to run as root and its account "postgres" may not enter ${closed}: choose a data directory elsewhere with --data-dir, or start Rig as another user.`,
      { cause },
    );
  });
}

// no_setuid_fixup: access(2), with which PostgreSQL checks its own binary, otherwise drops the capability for a non-root uid.
function setprivArguments(ids: { uid: number; gid: number }): string[] {
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  return [
    ...['--reuid', String(ids.uid), '--regid', String(ids.gid), '--clear-groups'],
    ...capability,
    ...['--securebits', '+no_setuid_fixup', '--'],
  ];
}
