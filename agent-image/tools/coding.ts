import { Type } from 'typebox';
import { clipped, runCommand } from '../exec/index.ts';
import { judge, type Place } from '../guard/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { askTool } from './ask.ts';
import { failureName } from './failure-name.ts';
import { editTool, readTool, writeTool } from './files.ts';
import { gitTool } from './git.ts';
import { forbiddenWords } from './message.ts';
import { searchTool } from './search.ts';
import { type Answer, defineTool, type Tool, ToolRefusal } from './tool.ts';

export interface CodingDeps {
  readonly workspace: Workspace;
  readonly env: Readonly<Record<string, string>>;
  readonly place: Place;
  readonly testCommand: string | undefined;
  /** Bound of one run of the tests in ms. */
  readonly testTimeoutMs: number;
  readonly onBlocked: (command: string, rule: string) => Promise<void>;
}

/** The tools of a task that changes code. */
export function codingTools(deps: CodingDeps): Tool[] {
  const { tree } = deps.workspace;
  const files = [readTool(tree), searchTool(tree), editTool(tree), writeTool(tree)];
  return [...files, shellTool(deps), gitTool(deps.workspace), testsTool(deps), askTool(), doneTool()];
}

function shellTool({ workspace, env, place, onBlocked }: CodingDeps): Tool {
  return defineTool({
    name: 'shell',
    description:
      'Runs one bash command in the root of the worktree, without a terminal or input, and ends what it leaves running.',
    schema: Type.Object(
      {
        command: Type.String({ minLength: 1, maxLength: 16_384 }),
        seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: 'Time limit; default 120.' })),
      },
      { additionalProperties: false },
    ),
    run: async ({ command, seconds = 120 }, signal) => {
      const verdict = judge(command, place);
      if (!verdict.allowed) {
        await onBlocked(command, verdict.rule);
        throw new ToolRefusal(verdict.reason);
      }
      const ran = await runCommand(command, { cwd: workspace.tree, env, timeoutMs: seconds * 1_000, signal });
      const end = ran.timedOut
        ? `killed after ${seconds} s`
        : ran.exitCode === null
          ? 'killed'
          : `exit ${ran.exitCode}`;
      return { text: `${end}\n${ran.output}`, isError: ran.exitCode !== 0 };
    },
  });
}

function testsTool({ workspace, env, testCommand, testTimeoutMs }: CodingDeps): Tool {
  return defineTool({
    name: 'tests',
    description: "Runs the repository's tests.",
    schema: Type.Object({}, { additionalProperties: false }),
    run: async (_, signal): Promise<Answer> => {
      if (testCommand === undefined) throw new ToolRefusal('The repository names no command that runs its tests.');
      const ran = await runCommand(testCommand, { cwd: workspace.tree, env, timeoutMs: testTimeoutMs, signal });
      if (ran.exitCode === 0) return { text: `The tests pass.\n${clipped(ran.output, 8_000)}` };
      const why = ran.timedOut ? `killed after ${testTimeoutMs / 1_000} s` : `exit ${ran.exitCode}`;
      return { text: `The tests fail: ${why}\n${ran.output}`, isError: true, failure: failureName(ran.output) };
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
