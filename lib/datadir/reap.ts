import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from './identity.ts';
import type { ProcessRecord } from './state.ts';

const POLL_MS = 50;

export interface ReapOptions {
  /** Time to end after SIGTERM before SIGKILL, in ms. Default 10,000. */
  readonly graceMs?: number;
  readonly kill?: (pid: number, signal: NodeJS.Signals) => void;
}

/**
 * Ends processes a supervisor left behind, last started first, and returns those that were still there. A pid that belongs to
 * another process by now (its start time differs) is never touched. Safe to call twice.
 */
export async function reap(records: readonly ProcessRecord[], options: ReapOptions = {}): Promise<ProcessRecord[]> {
  const { graceMs = 10_000, kill = signalProcess } = options;
  const found = records.filter(isAlive).reverse();
  for (const record of found) {
    kill(record.pid, 'SIGTERM');
    if (await ended(record, graceMs)) continue;
    kill(record.pid, 'SIGKILL');
    await ended(record, graceMs);
  }
  return found;
}

async function ended(record: ProcessRecord, patienceMs: number): Promise<boolean> {
  const until = Date.now() + patienceMs;
  while (isAlive(record)) {
    if (Date.now() >= until) return false;
    await wait(POLL_MS);
  }
  return true;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
