import { readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#lib/observe';
import { PostgresError } from './errors.ts';

const STOP_POLL_MS = 20;

/**
 * Takes the data directory for this process: throws `InUse` while the process that took it lives, and stops a server that
 * outlived its owner (the owner was killed), so that a start after any crash just works. Returns the release.
 */
export async function takeOwnership(dataDir: string, cluster: string, logger: Logger): Promise<() => Promise<void>> {
  const file = join(dataDir, 'owner.json');
  await claimFile(file, dataDir);
  const orphan = await postmasterPid(cluster);
  if (orphan !== undefined && (await isPostmasterOf(orphan, cluster))) {
    logger.warn({ pid: orphan }, 'stopping a server whose owner is gone');
    await stopProcess(orphan, 'SIGINT', 10_000);
  }
  return () => rm(file, { force: true });
}

async function claimFile(file: string, dataDir: string): Promise<void> {
  const mine = JSON.stringify({ pid: process.pid, started: await startTime(process.pid) });
  for (;;) {
    try {
      return await writeFile(file, mine, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readOwner(file);
    if (owner !== undefined && (await startTime(owner.pid)) === owner.started)
      throw new PostgresError(
        'InUse',
        `The PostgreSQL data directory ${dataDir} is in use by process ${owner.pid}: stop it first, or choose another with --data-dir.`,
      );
    await rm(file, { force: true });
  }
}

async function readOwner(file: string): Promise<{ pid: number; started: string } | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { pid: number; started: string };
  } catch {
    return undefined;
  }
}

/** Tells a process from a later one with the same id; empty when there is no such process. */
async function startTime(pid: number): Promise<string> {
  if (!isAlive(pid)) return '';
  if (platform() !== 'linux') return 'alive';
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22; the command in field 2 may hold spaces, so count from its closing parenthesis.
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Process id in the first line of the cluster's `postmaster.pid`, which may be stale. */
export async function postmasterPid(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/** The status word PostgreSQL writes into line 8 of `postmaster.pid`: `starting`, `ready`, `stopping`. */
export async function postmasterStatus(cluster: string): Promise<string> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n')[7]?.trim() ?? '';
}

// The process id may have been given to a stranger since: a postmaster's working directory is its cluster.
async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (platform() !== 'linux') return true;
  const [cwd, wanted] = await Promise.all([readlink(`/proc/${pid}/cwd`).catch(() => ''), realpath(cluster)]);
  return cwd === wanted;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Sends `signal`, waits up to `patienceMs` for the end, then sends SIGQUIT, after which PostgreSQL leaves at once. */
export async function stopProcess(pid: number, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  for (let waited = 0; isAlive(pid) && waited < patienceMs; waited += STOP_POLL_MS) await sleep(STOP_POLL_MS);
  if (isAlive(pid)) process.kill(pid, 'SIGQUIT');
  while (isAlive(pid)) await sleep(STOP_POLL_MS);
}
