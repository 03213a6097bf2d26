import { Type } from 'typebox';
import { askTool } from './ask.ts';
import { readTool } from './files.ts';
import type { Reach } from './reach.ts';
import { searchTool } from './search.ts';
import { defineTool, type Tool } from './tool.ts';

const MAX_PLAN = 32_768;

/** The tools of a plan: none of them runs code or changes a file. */
export function planTools(sandbox: Reach): Tool[] {
  return [readTool(sandbox), searchTool(sandbox), planTool(), askTool()];
}

function planTool(): Tool {
  return defineTool({
    name: 'plan',
    description: 'Ends the task: the plan is posted on the issue, and a person approves it before anything is changed.',
    schema: Type.Object(
      { text: Type.String({ minLength: 1, maxLength: MAX_PLAN, description: 'The whole plan, in Markdown.' }) },
      { additionalProperties: false },
    ),
    run: ({ text }) => ({ text: 'The plan is handed over.', ending: { kind: 'plan', text } }),
  });
}
