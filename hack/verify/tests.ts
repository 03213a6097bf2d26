import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suiteOf } from '../suites/files.ts';

const TITLE = /^\s*(?:await )?(?:test|it|t\.test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm;

/** Sentences about tests that no suite runs, or that cannot be told apart by their titles. */
export function checkTests(root: string, files: readonly string[]): string[] {
  return [...strays(root, files), ...twins(root, files)];
}

/** A file that uses the runner or looks like a test, and that no suite would find. */
function strays(root: string, files: readonly string[]): string[] {
  return files
    .filter((file) => /\.(ts|mjs|js)$/.test(file) && suiteOf(file) === undefined)
    .filter((file) => /[._](test|spec)\.\w+$/.test(file) || runsTests(root, file))
    .map((file) => `${file}: no suite runs it; name it *.test.ts, *.int.test.ts or *.e2e.test.ts`);
}

function runsTests(root: string, file: string): boolean {
  const text = readFileSync(join(root, file), 'utf8');
  return (
    /from 'node:test'/.test(text) &&
    /^\s*(test|it|describe)\(/m.test(text) &&
    !/^test\/|-kit\.ts$|\.cases\.ts$|contract/.test(file)
  );
}

function twins(root: string, files: readonly string[]): string[] {
  const where = new Map<string, string>();
  const faults: string[] = [];
  for (const file of files.filter((name) => suiteOf(name) !== undefined)) {
    for (const [, , title = ''] of readFileSync(join(root, file), 'utf8').matchAll(TITLE)) {
      const other = where.get(title);
      if (other !== undefined && !title.includes('${')) faults.push(`${file}: "${title}" is a title in ${other} too`);
      where.set(title, file);
    }
  }
  return faults;
}
