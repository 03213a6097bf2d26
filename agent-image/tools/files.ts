import { Type } from 'typebox';
import { asked, type Reach } from './reach.ts';
import { defineTool, type Tool } from './tool.ts';

const PAGE = 800;
const Path = Type.String({ minLength: 1, maxLength: 4096, description: 'Relative to the root of the worktree.' });

export function readTool(sandbox: Reach): Tool {
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
    run: async ({ path, from = 1, lines = PAGE }, signal) => {
      const { text } = await asked(sandbox.call('read', { path, from, lines }, signal));
      return { text };
    },
  });
}

export function writeTool(sandbox: Reach): Tool {
  return defineTool({
    name: 'write',
    description:
      'Writes a whole file, new or in place of the one there; folders are made as needed. Prefer edit for changes.',
    schema: Type.Object(
      { path: Path, content: Type.String({ maxLength: 1_048_576 }) },
      { additionalProperties: false },
    ),
    run: (input, signal) => asked(sandbox.call('write', input, signal)),
  });
}

export function editTool(sandbox: Reach): Tool {
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
    run: (input, signal) => asked(sandbox.call('edit', input, signal)),
  });
}
