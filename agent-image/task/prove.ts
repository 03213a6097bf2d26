import { type CommandResult, clipped, runCommand } from '../exec/index.ts';
import { type Answer, failureName } from '../tools/index.ts';

export interface ProofDeps {
  readonly tree: string;
  readonly env: Readonly<Record<string, string>>;
  /** Both from the base commit, so that a change cannot choose how it is judged. */
  readonly testCommand: string | undefined;
  readonly buildCommand: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** `text` goes into the pull request where it passed; `answer` goes back to the model where it did not. */
export type Proof =
  | { readonly passed: true; readonly text: string }
  | { readonly passed: false; readonly answer: Answer };

const NO_TESTS =
  'No tests ran: neither `.rig-agent.yaml` on the base commit nor the Repository names a testCommand. A person should check this change with more care.';

/** Runs build and tests on what is committed, as the model does not. */
export async function prove(deps: ProofDeps, commit: string): Promise<Proof> {
  const texts: string[] = [];
  for (const [what, command] of Object.entries({ build: deps.buildCommand, tests: deps.testCommand })) {
    if (command === undefined) continue;
    const ran = await runCommand(command, {
      cwd: deps.tree,
      env: deps.env,
      timeoutMs: deps.timeoutMs,
      signal: deps.signal,
    });
    if (ran.exitCode !== 0) return { passed: false, answer: failed(what, command, ran, deps.timeoutMs) };
    texts.push(passedText(what, command, ran, commit));
  }
  if (deps.testCommand === undefined) texts.push(NO_TESTS);
  return { passed: true, text: texts.join('\n\n') };
}

function passedText(what: string, command: string, ran: CommandResult, commit: string): string {
  const output = clipped(ran.output.trim(), 3_000);
  const fence = '`'.repeat(Math.max(3, ...[...output.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  const seconds = (ran.milliseconds / 1_000).toFixed(1);
  return `The ${what} passed on ${commit} in ${seconds} s, run by the agent runtime: \`${command}\`\n\n${fence}text\n${output}\n${fence}`;
}

function failed(what: string, command: string, ran: CommandResult, timeoutMs: number): Answer {
  const why = ran.timedOut ? `was killed after ${timeoutMs / 1_000} s` : `ended with exit code ${ran.exitCode}`;
  return {
    text: `Not accepted: the ${what} of the repository failed. ${command} ${why}:\n${ran.output}`,
    isError: true,
    failure: failureName(ran.output),
  };
}
