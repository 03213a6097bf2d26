// What both commands of the README do first: look at the machine, install packages, build the Go programs.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from './error.mjs';
import { ensurePackages } from './packages.mjs';
import { root } from './root.mjs';
import { runStep } from './step.mjs';

/** Exit codes the whole of Rig shares; lib/datadir's ExitCode says the same to TypeScript. */
export const EXIT_ENVIRONMENT = 3;

/** Everything a rig is made of is there afterwards. What is already done is skipped; calling it again is cheap. Throws {@link SetupError}. */
export async function prepare({ onProgress = (line) => console.error(line) } = {}) {
  checkGit();
  await ensurePackages({ onProgress });
  await ensureBinaries();
}

function checkGit() {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new SetupError('git is not on this machine (no "git" on the PATH): install it and start again.');
  }
}

/** A process of its own, so that an interrupt reaches the compiler; where it fails it has said why in one sentence. */
async function ensureBinaries() {
  const build = [join(root, 'hack', 'go', 'build.mjs'), 'controlplane', 'kubelet'];
  const code = await runStep(process.execPath, build, { quiet: true });
  if (code !== 0) throw new SetupError('');
}
