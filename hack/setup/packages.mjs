// Installs the npm packages the lock file names, and only when they are not there. Plain JavaScript for Node 20.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './error.mjs';
import { root } from './root.mjs';
import { runStep } from './step.mjs';

const PROGRESS_EVERY_MS = 10_000;

/** Runs `npm ci` unless every package of the lock file is installed in its version. `onProgress` gets a line about every ten seconds. */
export async function ensurePackages({ onProgress = () => {} } = {}) {
  if (isInstalled()) return;
  onProgress('packages: installing what package-lock.json names (npm ci), once');
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const timer = setInterval(() => onProgress(`packages: ${seconds()} s`), PROGRESS_EVERY_MS);
  try {
    await npmCi();
  } finally {
    clearInterval(timer);
  }
  onProgress(`packages: installed in ${seconds()} s`);
}

/** npm notes in node_modules/.package-lock.json what it has really put there; packages for other platforms are left out of it. */
function isInstalled() {
  const noted = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(noted) || !existsSync(join(root, 'node_modules', '.bin', 'node'))) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(noted);
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      present[path]?.version === entry.version ||
      (!present[path] && Boolean(entry.optional || entry.devOptional || entry.peer)),
  );
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

async function npmCi() {
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Under `npm start` npm names its own script, which need not be the first npm on the PATH.
  const npm = process.env.npm_execpath;
  const [command, argv] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  const code = await runStep(command, argv).catch((cause) => {
    throw new SetupError(`npm cannot be started (${cause.message}): install npm, it comes with Node, and start again.`);
  });
  if (code === 0) return;
  throw new SetupError(
    `Installing the npm packages failed (npm ci ended with ${code}): its own words are above; ` +
      'check the network or the registry npm is set to, then start again.',
  );
}
