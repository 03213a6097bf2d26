import { execFileSync } from 'node:child_process';
import { isAlive, type Layout, type ProcessId, processId, readState } from '#lib/datadir';
import { agentOf } from '../../kit/rig.ts';

/** A program as `rig status` names it, that runs now; undefined while it is down. */
export function runningProgram(layout: Layout, name: string): ProcessId | undefined {
  return readState(layout)?.processes.findLast((one) => one.name === name && isAlive(one));
}

/** The agent of a task of this conductor's. It sees nothing of the data directory. */
export function agentOfRig(conductorURL: string, task: string): ProcessId | undefined {
  return processId(agentOf(task, `RIG_CONDUCTOR_URL=${conductorURL}`)?.pid ?? 0);
}

/** Sends a signal to exactly this process; false when it has ended. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The process and all that it started, as they are now. */
export function familyOf(id: ProcessId): ProcessId[] {
  const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  const pairs = listing
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const family = [id.pid];
  // Grows while it is walked: children of children are found in their turn.
  for (const parent of family) family.push(...pairs.filter(([, of]) => of === parent).map(([pid]) => pid));
  return family.map((pid) => processId(pid)).filter((one) => one !== undefined);
}

/** Stops a process and all that it started; the answer lets them go on. */
export function freeze(id: ProcessId): () => void {
  const frozen = familyOf(id).filter((one) => signalProcess(one, 'SIGSTOP'));
  return () => {
    for (const one of frozen) signalProcess(one, 'SIGCONT');
  };
}
