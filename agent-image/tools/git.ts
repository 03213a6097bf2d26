import { Type } from 'typebox';
import { clipped } from '../exec/index.ts';
import { TaskFailure } from '../failure.ts';
import type { Workspace } from '../workspace/index.ts';
import { forbiddenWords } from './message.ts';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

const MAX_OUTPUT = 40_000;

/** Git as far as a task needs it. Arguments are ours, so no option reaches git from the model. */
export function gitTool(workspace: Workspace): Tool {
  const action = Type.Union((['status', 'diff', 'log', 'commit'] as const).map((name) => Type.Literal(name)));
  return defineTool({
    name: 'git',
    description:
      'status: changed files; diff: what the branch changes against its base, uncommitted work included; log: its commits; commit: records all changes under `message`. The runtime commits what is left and pushes at the end.',
    schema: Type.Object(
      { action, message: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })) },
      { additionalProperties: false },
    ),
    run: async ({ action, message }) => {
      try {
        return { text: clipped(await acted(workspace, action, message), MAX_OUTPUT) || 'Nothing.' };
      } catch (error) {
        if (error instanceof TaskFailure) throw new ToolRefusal(error.message);
        throw error;
      }
    },
  });
}

async function acted(workspace: Workspace, action: string, message: string | undefined): Promise<string> {
  if (action === 'status') return (await workspace.git(['status', '--short', '--branch'])).stdout;
  if (action === 'diff') return workspace.diff();
  if (action === 'log')
    return (await workspace.git(['log', '--no-color', '--max-count=30', '--format=%h %an %ad %s', '--date=short']))
      .stdout;
  if (message === undefined) throw new ToolRefusal('A commit needs a message.');
  const why = forbiddenWords(message);
  if (why !== undefined) throw new ToolRefusal(`Word the message otherwise: ${why}.`);
  const commit = await workspace.commit(message);
  return commit === undefined ? 'Nothing to commit.' : `Committed ${commit.sha.slice(0, 12)}\n${commit.stat}`;
}
