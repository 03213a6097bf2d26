import { readFileSync } from 'node:fs';
import { ExitCode, ExitError } from '#lib/terminal';

const WRONG: Readonly<Record<string, string>> = {
  ENOENT: 'there is nothing there',
  ENOTDIR: 'there is nothing there',
  EISDIR: 'that is a folder',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
};

/**
 * The text of a file that a person named with `flag`, or of what else `from` is. Throws ExitError `Usage` in one sentence that names the file and what is
 * wrong with it.
 */
export function readNamed(flag: string, file: string, from: string | number = file): string {
  try {
    return readFileSync(from, 'utf8');
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw unusable(flag, file, WRONG[code] ?? `it cannot be read: ${message}`, cause);
  }
}

/** As {@link readNamed} for a token, without the line break behind it; an empty one is none. */
export function readToken(flag: string, file: string): string {
  const token = readNamed(flag, file).trim();
  if (token === '') throw unusable(flag, file, 'it is empty');
  return token;
}

/** What is wrong with a file that a person named with `flag`. */
export function unusable(flag: string, file: string, what: string, cause?: unknown): ExitError {
  return new ExitError(ExitCode.Usage, `${flag} names ${file}, and ${what.replace(/\.$/, '')}.`, { cause });
}
