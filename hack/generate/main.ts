import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { customResourceDefinitions } from '#crds';
import { generateTypes } from './types.ts';

const root = join(import.meta.dirname, '..', '..');

/** Every generated file of the repository, by its path from the root. */
const generators: Record<string, () => Promise<string>> = {
  'crds/types.gen.ts': async () => generateTypes(await customResourceDefinitions()),
};

for (const [path, generate] of Object.entries(generators)) {
  const text = await generate();
  const before = await readFile(join(root, path), 'utf8').catch(() => '');
  if (before !== text) await writeFile(join(root, path), text);
  console.log(`${before === text ? 'unchanged' : 'written  '} ${path}`);
}
