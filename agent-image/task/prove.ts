import { type AnswerTo, MAX_SECONDS, type Sandbox } from '../sandbox/index.ts';
import { clipped } from '../text/index.ts';
import { type Answer, endOf, failureName } from '../tools/index.ts';

export interface ProofDeps {
  readonly sandbox: Pick<Sandbox, 'call'>;
  /** Both from the base commit, so that a change cannot choose how it is judged. */
  readonly testCommand: string | undefined;
  readonly buildCommand: string | undefined;
  readonly signal: AbortSignal;
}

/** `text` goes into the pull request where it passed; `answer` goes back to the model where it did not. */
export type Proof =
  | { readonly passed: true; readonly text: string }
  | { readonly passed: false; readonly answer: Answer };

const NO_TESTS =
  'No tests ran: neither `.rig-agent.yaml` on the base commit nor the Repository names a testCommand. A person should check this change with more care.';

/**
 * Has build and tests run on what is committed, as the model does not. It is what the sandbox says, where the change's own code
 * runs: good enough to send a change out, never to merge it, which takes the forge's own checks.
 */
export async function prove(deps: ProofDeps, commit: string): Promise<Proof> {
  const texts: string[] = [];
  for (const [what, command] of Object.entries({ build: deps.buildCommand, tests: deps.testCommand })) {
    if (command === undefined) continue;
    const ran = await deps.sandbox.call('run', { command, seconds: MAX_SECONDS }, deps.signal);
    if (ran.exitCode !== 0 || ran.timedOut) return { passed: false, answer: failed(what, command, ran) };
    if (ran.head !== commit) return { passed: false, answer: moved(what, command) };
    texts.push(passedText(what, command, ran, commit));
  }
  if (deps.testCommand === undefined) texts.push(NO_TESTS);
  return { passed: true, text: texts.join('\n\n') };
}

function passedText(what: string, command: string, ran: AnswerTo<'run'>, commit: string): string {
  const output = clipped(ran.output.trim(), 3_000);
  const fence = '`'.repeat(Math.max(3, ...[...output.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  const seconds = (ran.milliseconds / 1_000).toFixed(1);
  return `The ${what} passed on ${commit} in ${seconds} s, run in the task's sandbox: \`${command}\`\n\n${fence}text\n${output}\n${fence}`;
}

function failed(what: string, command: string, ran: AnswerTo<'run'>): Answer {
  return {
    text: `Not accepted: the ${what} of the repository failed. ${command} ${endOf(ran, MAX_SECONDS)}:\n${ran.output}`,
    isError: true,
    failure: failureName(ran.output),
  };
}

function moved(what: string, command: string): Answer {
  return {
    text: `Not accepted: the ${what} of the repository (${command}) left another commit checked out than it was run on.`,
    isError: true,
  };
}
