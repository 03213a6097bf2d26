// Which files a Go binary is made of, and the name under which its build is cached.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const isSource = (name) =>
  (name.endsWith('.go') && !name.endsWith('_test.go')) || name === 'go.mod' || name === 'go.sum';

/** Paths, relative to `dir` and sorted, of everything that decides what the binary does. Tests do not. */
export function sourceFiles(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && isSource(entry.name))
    .map((entry) =>
      relative(dir, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}

/** Twenty hex digits that change with any source, the toolchain, the platform or the linker flags. */
export function sourceHash(dir, inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(`${input}\0`);
  for (const file of sourceFiles(dir)) {
    hash.update(`${file}\0`);
    hash.update(
      createHash('sha256')
        .update(readFileSync(join(dir, file)))
        .digest(),
    );
  }
  return hash.digest('hex').slice(0, 20);
}

/** The Go version a module asks for, and the version of one of its requirements (undefined when it has none). */
export function readGoMod(dir, requirement) {
  const text = readFileSync(join(dir, 'go.mod'), 'utf8');
  const escaped = requirement.replaceAll('.', '\\.');
  return {
    go: /^go (\S+)$/m.exec(text)?.[1],
    version: new RegExp(`^\\s*(?:require )?${escaped} v(\\S+)`, 'm').exec(text)?.[1],
  };
}
