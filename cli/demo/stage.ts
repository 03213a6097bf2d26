import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Issue, resources } from '#crds';
import { type EventView, followEvents, type ReaderOptions } from '#lib/conductor';
import type { KubeClient, KubeObject, ObjectRef, Resource } from '#lib/kube';
import { ExitCode, ExitError, plain, type Terminal } from '#lib/terminal';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const LOOK_MS = 250;
/** A task of an agent, on a machine that has other things to do. */
const WITHIN_MS = 300_000;

export interface StageOptions {
  readonly client: KubeClient;
  readonly reader: ReaderOptions;
  readonly terminal: Terminal;
  /** Goes on by itself where a person would be asked. */
  readonly yes: boolean;
}

/** What a demonstration shows on, and what it waits for: one Issue and its log. */
export class Stage {
  readonly #options: StageOptions;
  #acts = 0;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  say(line: string): void {
    this.#options.terminal.say(line);
  }

  /** Tells what the person does now and by which command, waits for Enter, and does it. */
  async act<T>(what: string, how: string, run: () => Promise<T>): Promise<T> {
    const { terminal, yes } = this.#options;
    this.#acts += 1;
    terminal.say(`\n${terminal.colours.bold(`${this.#acts}. ${what}`)}\n   ${how}`);
    if (!yes) await enter();
    return await run();
  }

  /** Resolves to the Issue when `holds` does for it. Throws ExitError NotDone, with why it is not done yet, after five minutes. */
  async untilIssue(ref: ObjectRef, what: string, holds: (issue: Issue) => boolean): Promise<Issue & KubeObject> {
    for (const until = Date.now() + WITHIN_MS; ; await pause(LOOK_MS)) {
      const issue = await this.#options.client.get(ISSUES, ref);
      if (holds(issue)) return issue;
      if (Date.now() > until)
        throw new ExitError(
          ExitCode.NotDone,
          `Issue ${ref.name}: ${what} did not come within ${WITHIN_MS / 60_000} minutes. ${plain(issue.status?.why ?? '')}`,
        );
    }
  }

  /** Resolves to the first event of the Issue, past or coming, of a type. */
  async untilEvent(issue: string, type: EventView['type']): Promise<EventView> {
    const signal = AbortSignal.timeout(WITHIN_MS);
    for await (const event of followEvents({ ...this.#options.reader, issue }, { signal }))
      if (event.type === type) return event;
    throw new ExitError(ExitCode.NotDone, `Issue ${issue} had no ${type} within ${WITHIN_MS / 60_000} minutes.`);
  }
}

async function enter(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new ExitError(ExitCode.Usage, 'Nobody is there to be asked: say --yes, and it is shown to its end.');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  await asked.question('   Press Enter: ').finally(() => asked.close());
}
