import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Suites of TypeScript tests, by the end of a file's name; the longer end goes first. */
export const SUFFIXES = { int: '.int.test.ts', e2e: '.e2e.test.ts', unit: '.test.ts' } as const;
export type NodeSuite = keyof typeof SUFFIXES;

const SKIPPED = new Set(['node_modules', '.git', 'testdata']);

/** Every file below `root` that is the repository's own, by its path from there, sorted. */
export function sourceFiles(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else found.push(relative(root, path).split(sep).join('/'));
    }
  };
  walk(root);
  return found.sort();
}

/** The one suite a file belongs to, or undefined for a file that is no test. */
export function suiteOf(file: string): NodeSuite | undefined {
  const suites = Object.entries(SUFFIXES) as [NodeSuite, string][];
  return suites.find(([, suffix]) => file.endsWith(suffix))?.[0];
}
