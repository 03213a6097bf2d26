import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
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
  await mkdir(dirname(real), { recursive: true });
  await overwrite(real, path, content);
  return `Wrote ${relative(tree, real) || path}, ${Buffer.byteLength(content)} bytes.`;
}

/** The old text must occur exactly once. */
export async function edit(tree: string, { path, old, new: replacement }: Ask<'edit'>): Promise<string> {
  const text = await textOf(tree, path);
  const at = text.indexOf(old);
  if (at < 0) throw new Refused(`The old text does not occur in ${path}; read the file and copy it exactly.`);
  if (text.includes(old, at + 1))
    throw new Refused(`The old text occurs more than once in ${path}; give more lines around it.`);
  await overwrite(await confine(tree, path), path, text.slice(0, at) + replacement + text.slice(at + old.length));
  return `Edited ${path} at line ${text.slice(0, at).split('\n').length}.`;
}

async function overwrite(real: string, path: string, content: string): Promise<void> {
  const file = await openRegular(real, path, constants.O_WRONLY | constants.O_CREAT);
  try {
    await file.truncate();
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

async function textOf(tree: string, path: string): Promise<string> {
  const file = await openRegular(await confine(tree, path), path, constants.O_RDONLY);
  try {
    if ((await file.stat()).size > MAX_FILE) throw new Refused(`${path} is larger than ${MAX_FILE} bytes.`);
    const bytes = await file.readFile();
    if (bytes.includes(0)) throw new Refused(`${path} is not a text file.`);
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

/** How a system says of a link, a folder, and a pipe or socket with nobody behind it that it does not open them. */
const IRREGULAR = new Set(['ELOOP', 'EISDIR', 'ENXIO', 'ENODEV', 'EOPNOTSUPP']);

/**
 * Opens what was judged by its path, which may have been exchanged since: never through a link, and without waiting for the other
 * end of a pipe, since a few that wait would hold every call there is. Throws {@link Refused} for what is no regular file.
 */
export async function openRegular(real: string, path: string, flags: number): Promise<FileHandle> {
  const irregular = () => new Refused(`${path} is no regular file; use search to list what is in a folder.`);
  const file = await open(real, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o666).catch((error) => {
    if (error.code === 'ENOENT') throw new Refused(`There is no file ${path}.`);
    throw IRREGULAR.has(error.code) ? irregular() : error;
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw irregular();
}
