import { createTerminal, ExitCode } from '#lib/terminal';
import { parseOptions } from './options.ts';
import { supervise } from './run.ts';

const options = parseOptions(process.argv[2]);
const terminal = createTerminal({ json: options.json });
process.exitCode = await supervise(options, terminal).catch((error: unknown) => {
  terminal.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return ExitCode.NotDone;
});
