// Writes test/classification/testdata/changes/<project>.json from a clone of the project: facts of the commits that
// labels/<project>.json names, in its order. Run by hand, never by CI: `node hack/classification/main.ts PROJECT CLONE`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChangeFacts, type FileFacts, readChange } from './history.ts';

const DATA = join(import.meta.dirname, '..', '..', 'test', 'classification', 'testdata');

const [project = '', clone = ''] = process.argv.slice(2);
if (!/^[a-z0-9-]+$/.test(project) || clone === '') {
  console.error('Say a project and the folder of its clone: node hack/classification/main.ts PROJECT CLONE');
  process.exit(2);
}
const labels: { commit: string }[] = JSON.parse(readFileSync(join(DATA, 'labels', `${project}.json`), 'utf8'));
const changes = labels.map(({ commit }) => readChange(clone, commit));
writeFileSync(join(DATA, 'changes', `${project}.json`), write(changes));
console.log(`${changes.length} changes of ${project}`);

/** One file a line: a diff of this file is read by people. */
function write(all: readonly ChangeFacts[]): string {
  const line = (file: FileFacts) => `      ${JSON.stringify(file)}`;
  const one = ({ files, ...rest }: ChangeFacts) => {
    const head = Object.entries(rest).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
    return `  {\n${head.join('')}    "files": [\n${files.map(line).join(',\n')}\n    ]\n  }`;
  };
  return `[\n${all.map(one).join(',\n')}\n]\n`;
}
