// Writes every generated file anew and says which ones changed.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { current, generated, generators, root } from './generators.ts';

for (const generator of await generators()) {
  const before = await current(generator);
  const after = await generated(generator);
  if (after !== before) await writeFile(join(root, generator.path), after);
  console.log(`${after === before ? 'unchanged' : 'written  '} ${generator.path}`);
}
