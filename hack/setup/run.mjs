import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { SetupError } from './error.mjs';
import { EXIT_ENVIRONMENT } from './prepare.mjs';
import { node24, root } from './root.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a script with the pinned Node 24 in the foreground and resolves to its exit code (128 + n for a signal).
 * Signals are passed on and never end this process before the child has ended: who waits for us waits for all of it.
 */
export function runNode24(args, env = {}) {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn(node24, args, { stdio: 'inherit', env: { ...process.env, PATH: path, ...env } });
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward);
      resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15));
    });
  });
}

/** Runs a command of this folder to its exit code; a {@link SetupError} becomes its sentence and exit code 3. */
export function main(command) {
  command().then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      // A SetupError without words: what failed has said why.
      if (!(error instanceof SetupError)) console.error(error);
      else if (error.message !== '') console.error(`rig: ${error.message}`);
      process.exitCode = error instanceof SetupError ? EXIT_ENVIRONMENT : 1;
    },
  );
}
