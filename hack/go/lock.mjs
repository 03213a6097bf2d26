// A lock file that outlives nobody: it names its holder's process, and a dead holder's lock is taken over.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const readHolder = (file) => {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
};

/** Takes the lock and returns true, or returns the pid of the living process that holds it. */
export function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = readHolder(file);
  if (holder === undefined) return tryLock(file);
  if (holder > 0 && isAlive(holder)) return holder;
  // Only the one process whose rename succeeds removes the stale lock; the others find it gone and try again.
  const stale = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, stale);
    rmSync(stale, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return tryLock(file);
}

export const unlock = (file) => rmSync(file, { force: true });
