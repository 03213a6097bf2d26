import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { Type } from 'typebox';
import { confine } from './paths.ts';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

const MAX_FILE = 2_097_152;
const PAGE = 800;
const MAX_LINE = 2_000;
const Path = Type.String({ minLength: 1, maxLength: 4096, description: 'Relative to the root of the worktree.' });

/** The text of a file inside the worktree. Throws ToolRefusal where there is none, or it is too large or not text. */
export async function readText(tree: string, path: string): Promise<string> {
  const real = await confine(tree, path);
  const info = await stat(real).catch(() => undefined);
  if (!info) throw new ToolRefusal(`There is no file ${path}.`);
  if (!info.isFile()) throw new ToolRefusal(`${path} is no regular file; use search to list what is in a folder.`);
  if (info.size > MAX_FILE) throw new ToolRefusal(`${path} is larger than ${MAX_FILE} bytes.`);
  const bytes = await readFile(real);
  if (bytes.includes(0)) throw new ToolRefusal(`${path} is not a text file.`);
  return bytes.toString('utf8');
}

export function readTool(tree: string): Tool {
  return defineTool({
    name: 'read',
    description: `Reads a text file, each line with its number and a tab before it. At most ${PAGE} lines a call.`,
    schema: Type.Object(
      {
        path: Path,
        from: Type.Optional(Type.Integer({ minimum: 1, description: 'First line; default 1.' })),
        lines: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE })),
      },
      { additionalProperties: false },
    ),
    run: async ({ path, from = 1, lines = PAGE }) => {
      const all = (await readText(tree, path)).replace(/\n$/, '').split('\n');
      if (from > all.length) throw new ToolRefusal(`${path} has ${all.length} lines only.`);
      const page = all.slice(from - 1, from - 1 + lines);
      const numbered = page.map(
        (line, i) => `${from + i}\t${line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line}`,
      );
      const rest = all.length - (from - 1 + page.length);
      return { text: [...numbered, ...(rest > 0 ? [`… ${rest} more lines`] : [])].join('\n') };
    },
  });
}

export function writeTool(tree: string): Tool {
  return defineTool({
    name: 'write',
    description:
      'Writes a whole file, new or in place of the one there; folders are made as needed. Prefer edit for changes.',
    schema: Type.Object(
      { path: Path, content: Type.String({ maxLength: 1_048_576 }) },
      { additionalProperties: false },
    ),
    run: async ({ path, content }) => {
      const real = await confine(tree, path);
      if ((await stat(real).catch(() => undefined))?.isDirectory()) throw new ToolRefusal(`${path} is a folder.`);
      await mkdir(dirname(real), { recursive: true });
      await writeFile(real, content);
      return { text: `Wrote ${relative(tree, real) || path}, ${Buffer.byteLength(content)} bytes.` };
    },
  });
}

export function editTool(tree: string): Tool {
  return defineTool({
    name: 'edit',
    description:
      'Replaces one exact piece of text in a file. The old text must occur exactly once: give enough lines around it.',
    schema: Type.Object(
      {
        path: Path,
        old: Type.String({ minLength: 1, maxLength: 262_144 }),
        new: Type.String({ maxLength: 1_048_576 }),
      },
      { additionalProperties: false },
    ),
    run: async ({ path, old, new: replacement }) => {
      const text = await readText(tree, path);
      const at = text.indexOf(old);
      if (at < 0) throw new ToolRefusal(`The old text does not occur in ${path}; read the file and copy it exactly.`);
      if (text.includes(old, at + 1))
        throw new ToolRefusal(`The old text occurs more than once in ${path}; give more lines around it.`);
      await writeFile(await confine(tree, path), text.slice(0, at) + replacement + text.slice(at + old.length));
      return { text: `Edited ${path} at line ${text.slice(0, at).split('\n').length}.` };
    },
  });
}
