import { spawn } from 'node:child_process';
import { root } from './root.mjs';

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const EXIT_INTERRUPTED = 130;

/**
 * Runs one step of the set-up to its exit code; what it says goes to standard error, because the last line of standard output
 * belongs to --json; with `quiet` only what it says on standard error is shown. The step is a process group of its own: an interrupt ends npm or the compiler with everything they
 * started, and then this process with 130.
 */
export function runStep(command, args, { quiet = false } = {}) {
  const child = spawn(command, args, { cwd: root, detached: true, stdio: ['ignore', quiet ? 'ignore' : 2, 2] });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    end(child.pid);
  };
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      for (const signal of INTERRUPTS) process.off(signal, interrupt);
      if (interrupted) process.exit(EXIT_INTERRUPTED);
      resolve(code ?? 1);
    });
  });
}

function end(group) {
  try {
    process.kill(-group, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}
