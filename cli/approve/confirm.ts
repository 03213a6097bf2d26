import { createInterface } from 'node:readline/promises';
import { ExitCode, ExitError } from '#lib/terminal';

/** Asks whoever is there to type yes. Throws ExitError where they do not, `Usage` where nobody is there. */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new ExitError(ExitCode.Usage, 'Nobody is there to be asked; look at what is shown, and say --yes.');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`\n${question} Type yes: `).finally(() => asked.close());
  if (answer.trim() !== 'yes') throw new ExitError(ExitCode.NotDone, 'Nothing was done.');
}
