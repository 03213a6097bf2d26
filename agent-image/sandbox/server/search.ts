import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { rgPath } from '@vscode/ripgrep';
import { clipped } from '../../text/index.ts';
import type { Ask } from '../protocol/index.ts';
import { confine } from './paths.ts';
import { Refused } from './refused.ts';

const MAX_OUTPUT = 20_000;
const TIMEOUT_MS = 20_000;

/** Lines that match a regular expression, or names of files where there is none; ignored files are left out. */
export async function search(tree: string, ask: Ask<'search'>, signal: AbortSignal): Promise<string> {
  const { pattern, path, glob, ignoreCase } = ask;
  const where = path === undefined ? '.' : relative(tree, await confine(tree, path)) || '.';
  const args = ['--no-config', '--hidden', '--glob', '!.git', '--color', 'never', '--sort', 'path'];
  if (glob !== undefined) args.push('--glob', glob);
  if (pattern === undefined) args.push('--files', '--', where);
  else {
    args.push('--line-number', '--with-filename', '--no-heading', '--max-columns', '300', '--max-columns-preview');
    args.push(...(ignoreCase ? ['--ignore-case'] : []), '--regexp', pattern, '--', where);
  }
  return ripgrep(tree, args, signal);
}

function ripgrep(cwd: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, signal, timeout: TIMEOUT_MS, maxBuffer: 16 * 1_048_576, env: { LC_ALL: 'C.UTF-8' } };
    const child = execFile(rgPath, args, options, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason);
      const code = error === null ? 0 : error.code;
      if (code === 1 && stdout === '') return resolve('Nothing found.');
      if (stdout !== '') return resolve(clipped(stdout.replaceAll(/^\.\//gm, ''), MAX_OUTPUT));
      reject(new Refused(`The search failed: ${(stderr.trim() || String(error?.message)).slice(0, 2_000)}`));
    });
    child.stdin?.end();
  });
}
