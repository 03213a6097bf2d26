import { spawn } from 'node:child_process';

/**
 * Ends a process that does not watch its standard input when this one is gone, even by SIGKILL: a shell of about one megabyte
 * waits on a pipe for that. Returns the release, which must be called when the process ended.
 */
export function watchdog(pid: number, signal: 'INT' | 'TERM'): () => void {
  const script = `while read -r line; do :; done; kill -${signal} ${Math.trunc(pid)}`;
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  return () => void child.kill('SIGKILL');
}
