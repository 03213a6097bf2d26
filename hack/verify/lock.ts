import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/**
 * Sentences about packages for other platforms that package-lock.json leaves out. npm drops them when it writes the file where
 * they cannot be fetched, and then `npm ci` refuses the file on a fresh clone, also on this platform.
 */
export function checkLock(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const placed = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !placed.has(name))
      .map((name) => `package-lock.json: ${name}, which ${path} may need, is missing`),
  );
}
