import { Type } from 'typebox';
import { asked, type Reach } from './reach.ts';
import { defineTool, type Tool } from './tool.ts';

export function searchTool(sandbox: Reach): Tool {
  return defineTool({
    name: 'search',
    description:
      'Searches the files of the worktree for a regular expression (ripgrep), ignored files left out. Without a pattern it lists file names.',
    schema: Type.Object(
      {
        pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
        path: Type.Optional(
          Type.String({ minLength: 1, maxLength: 4096, description: 'Folder or file; default all.' }),
        ),
        glob: Type.Optional(
          Type.String({ minLength: 1, maxLength: 256, description: 'File names to look in, e.g. *.ts' }),
        ),
        ignoreCase: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    run: (input, signal) => asked(sandbox.call('search', input, signal)),
  });
}
