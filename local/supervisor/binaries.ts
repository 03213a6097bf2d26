import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from './checkout.ts';

export interface BuildOptions {
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The path of a Go program's binary, built now if these sources were never built on this machine. The build is a process
 * group of its own, so that an interrupt ends the compiler with it. Throws ExitError `Environment`: no Go, a failed build.
 */
export function ensureBinary(name: 'controlplane' | 'kubelet', { onProgress, signal }: BuildOptions): Promise<string> {
  const args = [checkout('hack', 'go', 'build.mjs'), name];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  let path = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    path = line;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    onProgress(line);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve(path);
      else if (signal.aborted) reject(signal.reason);
      else reject(new ExitError(ExitCode.Environment, said.at(-1) ?? `building ${name} failed`));
    });
  });
}
