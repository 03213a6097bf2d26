import { readFileSync, writeFileSync } from 'node:fs';

const PID_MAX = '/proc/sys/kernel/pid_max';
/** Two containers of a pod: for each a shim and an init, programs in Go of about eight threads each, and what runs in them. */
const PER_POD = 40;
/** Everything else on the machine. */
const REST = 8_000;

/**
 * Runs `work` while the kernel numbers as many threads as `pods` have at once: 32,768, the usual most, are fewer than those of 1,000 pods.
 * The setting is put back. Throws where it may not be changed: every fork would fail at some moment.
 */
export async function withThreadsFor<T>(pods: number, work: () => Promise<T>): Promise<T> {
  const before = readFileSync(PID_MAX, 'utf8').trim();
  const needed = pods * PER_POD + REST;
  if (Number(before) >= needed) return await work();
  try {
    writeFileSync(PID_MAX, String(needed));
  } catch {
    throw new Error(
      `${pods} pods need ${needed} threads and kernel.pid_max is ${before}: sysctl -w kernel.pid_max=${needed}`,
    );
  }
  try {
    return await work();
  } finally {
    writeFileSync(PID_MAX, before);
  }
}
