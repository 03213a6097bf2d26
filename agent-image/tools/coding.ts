import { Type } from 'typebox';
import { judge, type Place } from '../guard/index.ts';
import { forbiddenWords } from '../origin/index.ts';
import { type AnswerTo, MAX_SECONDS } from '../sandbox/index.ts';
import { clipped } from '../text/index.ts';
import { askTool } from './ask.ts';
import { failureName } from './failure-name.ts';
import { editTool, readTool, writeTool } from './files.ts';
import { gitTool } from './git.ts';
import { asked, type Reach } from './reach.ts';
import { searchTool } from './search.ts';
import { type Answer, defineTool, type Tool, ToolRefusal } from './tool.ts';

export interface CodingDeps {
  readonly sandbox: Reach;
  /** Where a command would run, for the guard to judge it before it is sent. */
  readonly place: Place;
  readonly testCommand: string | undefined;
  readonly onBlocked: (command: string, rule: string) => Promise<void>;
}

/** The tools of a task that changes code. */
export function codingTools(deps: CodingDeps): Tool[] {
  const { sandbox } = deps;
  const files = [readTool(sandbox), searchTool(sandbox), editTool(sandbox), writeTool(sandbox)];
  return [...files, shellTool(deps), gitTool(sandbox), testsTool(deps), askTool(), doneTool()];
}

/** How a command ended, unless it ended well. */
export function endOf(ran: AnswerTo<'run'>, seconds: number): string {
  if (ran.timedOut) return `was killed after ${seconds} s`;
  return ran.exitCode === null ? 'was killed' : `ended with exit code ${ran.exitCode}`;
}

function shellTool({ sandbox, place, onBlocked }: CodingDeps): Tool {
  return defineTool({
    name: 'shell',
    description:
      'Runs one bash command in the root of the worktree, without a terminal or input, and ends what it leaves running.',
    schema: Type.Object(
      {
        command: Type.String({ minLength: 1, maxLength: 16_384 }),
        seconds: Type.Optional(
          Type.Integer({ minimum: 1, maximum: MAX_SECONDS, description: 'Time limit; default 120.' }),
        ),
      },
      { additionalProperties: false },
    ),
    run: async ({ command, seconds = 120 }, signal) => {
      const verdict = judge(command, place);
      if (!verdict.allowed) {
        await onBlocked(command, verdict.rule);
        throw new ToolRefusal(verdict.reason);
      }
      const ran = await asked(sandbox.call('run', { command, seconds }, signal));
      const end = ran.exitCode === 0 ? 'exit 0' : `The command ${endOf(ran, seconds)}.`;
      return { text: `${end}\n${ran.output}`, isError: ran.exitCode !== 0 };
    },
  });
}

function testsTool({ sandbox, testCommand }: CodingDeps): Tool {
  return defineTool({
    name: 'tests',
    description: "Runs the repository's tests.",
    schema: Type.Object({}, { additionalProperties: false }),
    run: async (_, signal): Promise<Answer> => {
      if (testCommand === undefined) throw new ToolRefusal('The repository names no command that runs its tests.');
      const ran = await asked(sandbox.call('run', { command: testCommand, seconds: MAX_SECONDS }, signal));
      if (ran.exitCode === 0) return { text: `The tests pass.\n${clipped(ran.output, 8_000)}` };
      const text = `The tests fail: the command ${endOf(ran, MAX_SECONDS)}.\n${ran.output}`;
      return { text, isError: true, failure: failureName(ran.output) };
    },
  });
}

const Prose = (description: string) => Type.String({ minLength: 1, maxLength: 8_192, description });

function doneTool(): Tool {
  return defineTool({
    name: 'done',
    description: 'Ends the work: the runtime checks it and opens or updates the pull request with these words.',
    schema: Type.Object(
      {
        title: Type.String({
          minLength: 1,
          maxLength: 120,
          pattern: '^[^\\n\\r]+$',
          description: 'One line, imperative.',
        }),
        what: Prose('What changed.'),
        why: Prose('Why it was wrong, and why this is right.'),
        risk: Prose('What could break, and how one would notice.'),
      },
      { additionalProperties: false },
    ),
    run: (input) => {
      for (const text of Object.values(input)) {
        const why = forbiddenWords(text);
        if (why !== undefined) throw new ToolRefusal(`Word it otherwise: ${why}.`);
      }
      return { text: 'The runtime checks the work.', ending: { kind: 'done', ...input } };
    },
  });
}
