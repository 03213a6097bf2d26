import { Type } from 'typebox';
import { defineTool, type Tool } from './tool.ts';

export function askTool(): Tool {
  return defineTool({
    name: 'ask',
    description: 'Ends the task and asks a person on the issue. Only for a decision you cannot take yourself.',
    schema: Type.Object({ question: Type.String({ minLength: 1, maxLength: 8_192 }) }, { additionalProperties: false }),
    run: ({ question }) => ({ text: 'The question is handed over.', ending: { kind: 'ask', question } }),
  });
}
