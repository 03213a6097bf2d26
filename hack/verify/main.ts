// `npm run verify`: what is generated is generated again, what can be checked about the tree is checked. Ends with a clean
// tree, or says in one line each what is not as it should be.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFiles, suiteOf } from '../suites/files.ts';
import { checkForgeWrites } from './forge-writes.ts';
import { checkImports } from './imports.ts';
import { checkLayout, drawLayers } from './layout.ts';
import { checkLock } from './lock.ts';
import { checkMergePath } from './merge-path.ts';
import { measureSizes, type Sizes } from './sizes.ts';
import { checkTests } from './tests.ts';

const root = join(import.meta.dirname, '..', '..');
/** Bytes that git may say of a tree that is worked on. */
const MOST = 256 * 1024 * 1024;
const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', maxBuffer: MOST });
const changes = () => git('status', '--porcelain') + git('diff');

function regenerate(): string[] {
  const before = changes();
  execFileSync(process.execPath, [join(root, 'hack', 'generate', 'main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const architecture = join(root, 'docs', 'architecture.md');
  writeFileSync(architecture, drawLayers(readFileSync(architecture, 'utf8')));
  return before === changes()
    ? []
    : ['generated files were out of date and are written now: look at git diff and commit them'];
}

function show(what: string, { count, median, p90, max, longest }: Sizes): void {
  console.log(`${what}: ${count}, lines median ${median}, nine of ten under ${p90 + 1}, longest ${max} (${longest})`);
}

const files = sourceFiles(root);
const code = files.filter(
  (file) => file.endsWith('.ts') && !/\.(gen|d)\.ts$/.test(file) && suiteOf(file) === undefined,
);
const sizes = measureSizes(root, code);
show('files', sizes.files);
show('functions', sizes.functions);

const faults = [
  ...regenerate(),
  ...(await checkImports(root)).map(({ from, to, rule }) => `${from} imports ${to}: ${rule}`),
  ...checkLayout(root, files),
  ...checkLock(root),
  ...checkForgeWrites(root, files),
  ...checkTests(root, files),
  ...checkMergePath(root, files),
  ...sizes.tooLong.map((file) => `${file} is longer than 400 lines`),
];
for (const fault of faults) console.error(`✖ ${fault}`);
console.log(faults.length === 0 ? 'verified' : `${faults.length} to mend`);
process.exitCode = faults.length === 0 ? 0 : 1;
