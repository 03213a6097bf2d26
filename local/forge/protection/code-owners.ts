import { matches } from './patterns.ts';

/** Where GitHub looks for the file, first found first. */
export const CODE_OWNERS_PATHS = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];

export interface OwnerLine {
  readonly pattern: string;
  /** As written: `@login` or an email address. None at all takes ownership away again. */
  readonly owners: readonly string[];
}

/** The lines of a CODEOWNERS file. Comments and empty lines are left out. */
export function parseCodeOwners(text: string): OwnerLine[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [pattern = '', ...owners] = line.split(/\s+/);
      return { pattern, owners };
    });
}

/** Who owns a path: the owners of the last line that fits. */
export function ownersOf(lines: readonly OwnerLine[], path: string): readonly string[] {
  return lines.findLast(({ pattern }) => owns(pattern, path))?.owners ?? [];
}

function owns(pattern: string, path: string): boolean {
  const anchored = pattern.startsWith('/') || pattern.slice(0, -1).includes('/');
  const bare = pattern.replace(/^\//, '').replace(/\/$/, '');
  const prefix = anchored ? '' : '**/';
  const whole = `${prefix}${bare}`;
  if (!pattern.endsWith('/') && matches(whole, path)) return true;
  // A folder owns what is in it; `dir/*` owns only its direct children.
  return !bare.endsWith('*') && matchesFolder(whole, path);
}

function matchesFolder(pattern: string, path: string): boolean {
  const parts = path.split('/');
  return parts.slice(1).some((_, index) => matches(pattern, parts.slice(0, index + 1).join('/')));
}
