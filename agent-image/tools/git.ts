import { Type } from 'typebox';
import { forbiddenWords } from '../origin/index.ts';
import { asked, type Reach } from './reach.ts';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

const ACTIONS = ['status', 'diff', 'log', 'commit'] as const;

/** Git as far as a task needs it. Arguments are ours, so no option reaches git from the model. */
export function gitTool(sandbox: Reach): Tool {
  const action = Type.Union(ACTIONS.map((name) => Type.Literal(name)));
  return defineTool({
    name: 'git',
    description:
      'status: changed files; diff: what the branch changes against its base, uncommitted work included; log: its commits; commit: records all changes under `message`. The runtime commits what is left and pushes at the end.',
    schema: Type.Object(
      { action, message: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })) },
      { additionalProperties: false },
    ),
    run: async ({ action, message }, signal) => {
      if (action === 'commit') return { text: await committed(sandbox, message, signal) };
      const { text } = await asked(sandbox.call('git', { action }, signal));
      return { text: text || 'Nothing.' };
    },
  });
}

async function committed(sandbox: Reach, message: string | undefined, signal: AbortSignal): Promise<string> {
  if (message === undefined) throw new ToolRefusal('A commit needs a message.');
  const why = forbiddenWords(message);
  if (why !== undefined) throw new ToolRefusal(`Word the message otherwise: ${why}.`);
  const { created, head, stat } = await asked(sandbox.call('commit', { message }, signal));
  return created ? `Committed ${head.slice(0, 12)}\n${stat}` : 'Nothing to commit.';
}
