import { ForgeError } from './error.ts';
import type { RepositoryName } from './port.ts';

/**
 * Names become parts of a request's path, where `..` would climb to another operation; what is no name at all is refused with
 * Validation before anything is sent.
 */
export function checkRepository(repo: RepositoryName): { owner: string; repo: string } {
  for (const part of [repo.owner, repo.name])
    if (!/^[A-Za-z0-9_.-]{1,100}$/.test(part) || isDots(part))
      throw refused('repository name', `${repo.owner}/${repo.name}`);
  return { owner: repo.owner, repo: repo.name };
}

/** A login, also of a bot (`name[bot]`). */
export function checkLogin(login: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}(\[bot\])?$/.test(login)) throw refused('login', login);
  return login;
}

export function checkNumber(number: number): number {
  if (!Number.isSafeInteger(number) || number < 1) throw refused('number', String(number));
  return number;
}

export function checkSHA(sha: string): string {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) throw refused('full commit id', sha);
  return sha;
}

/** A branch as git would take it: the rules of git-check-ref-format. */
export function checkBranch(branch: string): string {
  const valid =
    branch.length > 0 &&
    branch.length <= 255 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these
    !/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$|^\/|^-|^@$/.test(branch) &&
    branch.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
  if (!valid) throw refused('branch name', branch);
  return branch;
}

/** A path inside a repository, its segments percent-encoded and its slashes kept. */
export function encodePath(path: string): string {
  const segments = path.split('/');
  if (path.length > 4096 || segments.some((segment) => segment === '' || isDots(segment) || segment.includes('\0')))
    throw refused('path in a repository', path);
  return segments.map((segment) => encodeURIComponent(segment.toWellFormed())).join('/');
}

function isDots(part: string): boolean {
  return part === '.' || part === '..';
}

function refused(what: string, value: string): ForgeError {
  return new ForgeError(
    'Validation',
    `${JSON.stringify(value.slice(0, 120))} is no ${what}; nothing was sent to the forge.`,
  );
}
