// What both commands of the README do first: look at the machine, install packages, build the Go programs.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './error.mjs';
import { ensurePackages } from './packages.mjs';
import { root } from './root.mjs';

/** Exit codes the whole of Rig shares; lib/datadir's ExitCode says the same to TypeScript. */
export const EXIT_ENVIRONMENT = 3;

/** Everything a rig is made of is there afterwards. What is already done is skipped; calling it again is cheap. Throws {@link SetupError}. */
export async function prepare({ onProgress = (line) => console.error(line) } = {}) {
  checkGit();
  await ensurePackages({ onProgress });
  await ensureBinaries(onProgress);
}

function checkGit() {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new SetupError('git is not on this machine (no "git" on the PATH): install it and start again.');
  }
}

async function ensureBinaries(onProgress) {
  const { BuildError, ensureBinary } = await import('../go/build.mjs');
  try {
    await ensureBinary('controlplane', { onProgress });
    if (existsSync(join(root, 'kubelet', 'go.mod'))) await ensureBinary('kubelet', { onProgress });
  } catch (error) {
    if (error instanceof BuildError) throw new SetupError(error.message);
    throw error;
  }
}
