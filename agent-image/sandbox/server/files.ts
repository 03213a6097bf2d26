import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import type { AnswerTo, Ask } from '../protocol/index.ts';
import { confine } from './paths.ts';
import { Refused } from './refused.ts';

const MAX_FILE = 2_097_152;
const MAX_LINE = 2_000;
const MAX_PAGE = 60_000;

/** Each line with its number and a tab before it. `lines` is how many the whole file has. */
export async function readPage(tree: string, { path, from, lines }: Ask<'read'>): Promise<AnswerTo<'read'>> {
  const all = (await textOf(tree, path)).replace(/\n$/, '').split('\n');
  if (from > all.length) throw new Refused(`${path} has ${all.length} lines only.`);
  const page = all.slice(from - 1, from - 1 + lines);
  const numbered = page.map(
    (line, i) => `${from + i}\t${line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line}`,
  );
  const rest = all.length - (from - 1 + page.length);
  const text = [...numbered, ...(rest > 0 ? [`… ${rest} more lines`] : [])].join('\n');
  return { text: text.length > MAX_PAGE ? `${text.slice(0, MAX_PAGE)}\n… cut` : text, lines: all.length };
}

export async function write(tree: string, { path, content }: Ask<'write'>): Promise<string> {
  const real = await confine(tree, path);
  if ((await stat(real).catch(() => undefined))?.isDirectory()) throw new Refused(`${path} is a folder.`);
  await mkdir(dirname(real), { recursive: true });
  await writeFile(real, content);
  return `Wrote ${relative(tree, real) || path}, ${Buffer.byteLength(content)} bytes.`;
}

/** The old text must occur exactly once. */
export async function edit(tree: string, { path, old, new: replacement }: Ask<'edit'>): Promise<string> {
  const text = await textOf(tree, path);
  const at = text.indexOf(old);
  if (at < 0) throw new Refused(`The old text does not occur in ${path}; read the file and copy it exactly.`);
  if (text.includes(old, at + 1))
    throw new Refused(`The old text occurs more than once in ${path}; give more lines around it.`);
  await writeFile(await confine(tree, path), text.slice(0, at) + replacement + text.slice(at + old.length));
  return `Edited ${path} at line ${text.slice(0, at).split('\n').length}.`;
}

async function textOf(tree: string, path: string): Promise<string> {
  const real = await confine(tree, path);
  const info = await stat(real).catch(() => undefined);
  if (!info) throw new Refused(`There is no file ${path}.`);
  if (!info.isFile()) throw new Refused(`${path} is no regular file; use search to list what is in a folder.`);
  if (info.size > MAX_FILE) throw new Refused(`${path} is larger than ${MAX_FILE} bytes.`);
  const bytes = await readFile(real);
  if (bytes.includes(0)) throw new Refused(`${path} is not a text file.`);
  return bytes.toString('utf8');
}
