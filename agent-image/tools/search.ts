import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { rgPath } from '@vscode/ripgrep';
import { Type } from 'typebox';
import { clipped } from '../exec/index.ts';
import { confine } from './paths.ts';
import { type Answer, defineTool, type Tool, ToolRefusal } from './tool.ts';

const MAX_OUTPUT = 20_000;
const TIMEOUT_MS = 20_000;

export function searchTool(tree: string): Tool {
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
    run: async ({ pattern, path, glob, ignoreCase }, signal) => {
      const where = path === undefined ? '.' : relative(tree, await confine(tree, path)) || '.';
      const args = ['--no-config', '--hidden', '--glob', '!.git', '--color', 'never', '--sort', 'path'];
      if (glob !== undefined) args.push('--glob', glob);
      if (pattern === undefined) args.push('--files', '--', where);
      else {
        args.push('--line-number', '--with-filename', '--no-heading', '--max-columns', '300', '--max-columns-preview');
        args.push(...(ignoreCase ? ['--ignore-case'] : []), '--regexp', pattern, '--', where);
      }
      return ripgrep(tree, args, signal);
    },
  });
}

function ripgrep(cwd: string, args: readonly string[], signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { cwd, signal, timeout: TIMEOUT_MS, maxBuffer: 16 * 1_048_576, env: { LC_ALL: 'C.UTF-8' } };
    const child = execFile(rgPath, args, options, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason);
      const code = error === null ? 0 : error.code;
      if (code === 1 && stdout === '') return resolve({ text: 'Nothing found.' });
      if (stdout !== '') return resolve({ text: clipped(stdout.replaceAll(/^\.\//gm, ''), MAX_OUTPUT) });
      reject(new ToolRefusal(`The search failed: ${stderr.trim() || String(error?.message)}`));
    });
    child.stdin?.end();
  });
}
