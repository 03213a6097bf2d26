import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAYERS } from './layers.ts';

const LONGEST_AGENTS_FILE = 120;

/** Sentences about AGENTS.md where it does not say what the tree is: its layout section names every folder, and no other. */
export function checkLayout(root: string, files: readonly string[]): string[] {
  const text = readFileSync(join(root, 'AGENTS.md'), 'utf8');
  const section = /## Layout\n([\s\S]*?)(?=\n## |$)/.exec(text)?.[1] ?? '';
  const named = new Set([...section.matchAll(/^\|? ?`([\w./-]+)\/`/gm)].map(([, folder]) => folder as string));
  const present = new Set(files.filter((file) => file.includes('/')).map(foldersWorthNaming));
  const faults = [...present]
    .filter((folder) => !named.has(folder))
    .map((folder) => `AGENTS.md: the layout does not name ${folder}/`);
  for (const folder of named) {
    if (!files.some((file) => file.startsWith(`${folder}/`))) faults.push(`AGENTS.md: there is no folder ${folder}/`);
  }
  if (text.split('\n').length > LONGEST_AGENTS_FILE)
    faults.push(`AGENTS.md is longer than ${LONGEST_AGENTS_FILE} lines`);
  return faults;
}

/** First folders, and one deeper where each is a thing of its own. */
function foldersWorthNaming(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return ['lib', 'local', 'test', 'hack', 'docs'].includes(first) && file.split('/').length > 2
    ? `${first}/${second}`
    : first;
}

const BEGIN = '<!-- layers: drawn by hack/verify -->';
const END = '<!-- /layers -->';

/** docs/architecture.md with its layer table drawn anew from the rules that are checked. */
export function drawLayers(text: string): string {
  const rows = LAYERS.map(
    ({ folders, is, mayImport }) => `| ${folders.map((folder) => `\`${folder}\``).join(' ')} | ${is} | ${mayImport} |`,
  );
  const table = ['| folders | what it is | may import |', '|---|---|---|', ...rows].join('\n');
  const [before, rest = ''] = text.split(BEGIN);
  return `${before}${BEGIN}\n${table}\n${END}${rest.split(END)[1] ?? '\n'}`;
}
