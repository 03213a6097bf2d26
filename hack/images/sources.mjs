// Which files a program is made of, found by following its imports.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/g;

/**
 * The files of the checkout `root` that `entries` load, and the packages they name. Types alone load nothing. Throws for an import that
 * leads nowhere: an image without that file would not start.
 */
export function sourcesOf(root, entries) {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const files = new Set();
  const packages = new Set();
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const specifier of importsOf(readFileSync(join(root, file), 'utf8'))) {
      if (specifier.startsWith('node:')) continue;
      const target = specifier.startsWith('.')
        ? normalize(join(dirname(file), specifier))
        : specifier.startsWith('#')
          ? own(imports, specifier)
          : undefined;
      if (target === undefined) packages.add(packageOf(specifier));
      else if (existsSync(join(root, target))) queue.push(target);
      else throw new Error(`${file} imports ${specifier}, which is not in this checkout`);
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

function importsOf(text) {
  return [...text.matchAll(IMPORT)]
    .filter(([, type]) => type === undefined)
    .map(([, , from, dynamic]) => from ?? dynamic);
}

function own(imports, specifier) {
  for (const [pattern, target] of Object.entries(imports)) {
    const [head, tail] = pattern.split('*');
    if (tail === undefined ? specifier === pattern : specifier.startsWith(head))
      return normalize(target.replace('*', specifier.slice(head.length)));
  }
  throw new Error(`package.json says nothing of ${specifier}`);
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
